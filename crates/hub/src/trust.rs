//! How long an island's light client can still be believed: the alarm before its trusting period has run out.

use causeway_api::{self as api, TrustStanding};
use causeway_verifier::Summary;
use time::OffsetDateTime;

use crate::clock::unix_seconds;

/// Where the trust in a client's head stands at `now`. Validators of long ago may seal anything without being held to it, so after
/// the trusting period nothing advances the client but a new anchor. At half of it somebody should look: no evidence came so long.
pub(crate) fn of(summary: &Summary, now: OffsetDateTime) -> api::Trust {
    let age = unix_seconds(now).saturating_sub(summary.time);
    let standing = if age > summary.trusting_period {
        TrustStanding::Over
    } else if age > summary.trusting_period / 2 {
        TrustStanding::Ageing
    } else {
        TrustStanding::Fresh
    };
    api::Trust { until: summary.time.saturating_add(summary.trusting_period), standing }
}

/// The standing's name, in metrics.
pub(crate) fn name(standing: TrustStanding) -> &'static str {
    match standing {
        TrustStanding::Fresh => "fresh",
        TrustStanding::Ageing => "ageing",
        TrustStanding::Over => "over",
    }
}

#[cfg(test)]
mod tests {
    use causeway_protocol::Hash;

    use super::*;

    fn at(age: i64) -> TrustStanding {
        let summary = Summary {
            height: 1,
            hash: Hash([1; 32]),
            time: 1000,
            trusting_period: 100,
            clock_drift: 1,
            validators: Vec::new(),
            frozen: false,
        };
        let trust = of(&summary, OffsetDateTime::from_unix_timestamp(1000 + age).unwrap());
        assert_eq!(trust.until, 1100);
        trust.standing
    }

    #[test]
    fn trust_ages_at_half_of_its_period_and_is_over_after_it() {
        let expected = [
            (-5, TrustStanding::Fresh),
            (50, TrustStanding::Fresh),
            (51, TrustStanding::Ageing),
            (100, TrustStanding::Ageing),
            (101, TrustStanding::Over),
        ];
        for (age, standing) in expected {
            assert_eq!(at(age), standing, "{age}");
        }
    }
}
