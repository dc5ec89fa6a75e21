//! What has to hold of the hub's feed before any of it is verified: its order and its clock.
//!
//! The moment the hub recorded something decides what a trusting period still covers, so a hub must not be free to choose
//! it. It never goes back, it is never ahead of the attestor's own clock, and it is never earlier than the last moment at which
//! the attestor saw that there was nothing newer.

use causeway_api::EvidenceItem;
use causeway_protocol::{Hash, keccak256};

use crate::facts::Place;
use crate::records::IslandRecord;

/// How long a hub may take from the moment it judges evidence by until everybody sees it: a commit that waits for its
/// database to come back. Small beside any trusting period.
pub const SLOWEST_COMMIT_MS: u64 = 10 * 60 * 1000;

/// Why the hub's feed is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedFault {
    /// An item that is not after the one before.
    #[error("sequence {came} after {last}: the feed goes back")]
    Order {
        /// The last one followed.
        last: u64,
        /// The one that came.
        came: u64,
    },
    /// Recorded before the item before it.
    #[error("recorded at {came} ms, the item before it at {last} ms")]
    TimeBack {
        /// When the item before was recorded, Unix milliseconds.
        last: u64,
        /// When this one was, it says.
        came: u64,
    },
    /// Recorded in the attestor's future.
    #[error("recorded at {came} ms, but it is {now} ms")]
    TimeAhead {
        /// The attestor's clock, Unix milliseconds.
        now: u64,
        /// When it was recorded, it says.
        came: u64,
    },
    /// Recorded before a moment at which the feed did not hold it.
    #[error("recorded at {came} ms, it says, but at {seen} ms it was not there")]
    BackDated {
        /// When the attestor last saw the end of the feed, Unix milliseconds.
        seen: u64,
        /// When it was recorded, it says.
        came: u64,
    },
    /// The evidence is not the one its digest names.
    #[error("evidence with digest {came}, announced as {announced}")]
    Digest {
        /// The digest in the item.
        announced: Hash,
        /// The digest of its bytes.
        came: Hash,
    },
    /// The heights announced are not those in the evidence.
    #[error("evidence of heights {came:?}, announced as {announced:?}")]
    Heights {
        /// First and last in the item.
        announced: (u64, u64),
        /// First and last in the evidence.
        came: (u64, u64),
    },
}

impl FeedFault {
    /// A stable name, for logs and counts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order { .. } => "feed-order",
            Self::TimeBack { .. } => "recorded-before-predecessor",
            Self::TimeAhead { .. } => "recorded-in-the-future",
            Self::BackDated { .. } => "back-dated",
            Self::Digest { .. } => "digest-differs",
            Self::Heights { .. } => "heights-differ",
        }
    }
}

/// Checks the next item of the feed against what was followed so far. `now_ms` is the attestor's own clock.
pub(crate) fn check(
    followed: &IslandRecord,
    item: &EvidenceItem,
    now_ms: u64,
    skew_ms: u64,
) -> Result<Place, FeedFault> {
    if item.sequence <= followed.sequence {
        return Err(FeedFault::Order { last: followed.sequence, came: item.sequence });
    }
    // A moment before 1970 reads as zero and so lies before anything followed; the far future does not end in range.
    let recorded_ms =
        u64::try_from(item.recorded_at.unix_timestamp_nanos().max(0) / 1_000_000).unwrap_or(u64::MAX);
    if recorded_ms < followed.recorded_ms {
        return Err(FeedFault::TimeBack { last: followed.recorded_ms, came: recorded_ms });
    }
    if recorded_ms > now_ms.saturating_add(skew_ms) {
        return Err(FeedFault::TimeAhead { now: now_ms, came: recorded_ms });
    }
    let tolerated = skew_ms.saturating_add(SLOWEST_COMMIT_MS);
    if recorded_ms.saturating_add(tolerated) < followed.caught_up_ms {
        return Err(FeedFault::BackDated { seen: followed.caught_up_ms, came: recorded_ms });
    }
    let digest = keccak256(&item.evidence);
    if digest != item.digest {
        return Err(FeedFault::Digest { announced: item.digest, came: digest });
    }
    Ok(Place { sequence: item.sequence, recorded_ms })
}

#[cfg(test)]
mod tests {
    use causeway_protocol::{Address, Family};
    use time::OffsetDateTime;

    use super::*;

    const NOW: u64 = 1_700_000_000_000;
    const SKEW: u64 = 30_000;

    fn followed() -> IslandRecord {
        IslandRecord {
            family: Family::Qbft,
            state: Vec::new(),
            sequence: 5,
            recorded_ms: NOW - 3_600_000,
            caught_up_ms: NOW - 1000,
            frozen: false,
        }
    }

    fn item(sequence: u64, recorded_ms: u64) -> EvidenceItem {
        let evidence = vec![1, 2, 3];
        EvidenceItem {
            sequence,
            digest: keccak256(&evidence),
            first: 1,
            last: 1,
            relayer: Address::ZERO,
            recorded_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(recorded_ms) * 1_000_000)
                .unwrap(),
            evidence,
        }
    }

    #[test]
    fn the_next_item_in_order_and_in_time_is_followed() {
        let place = check(&followed(), &item(6, NOW - 500), NOW, SKEW);
        assert_eq!(place, Ok(Place { sequence: 6, recorded_ms: NOW - 500 }));
    }

    #[test]
    fn a_feed_that_goes_back_is_not_followed() {
        for sequence in [0, 4, 5] {
            let fault = check(&followed(), &item(sequence, NOW), NOW, SKEW);
            assert_eq!(fault, Err(FeedFault::Order { last: 5, came: sequence }));
        }
    }

    #[test]
    fn a_recording_time_never_goes_back() {
        let fault = check(&followed(), &item(6, NOW - 3_600_001), NOW, SKEW);
        assert_eq!(fault, Err(FeedFault::TimeBack { last: NOW - 3_600_000, came: NOW - 3_600_001 }));
    }

    #[test]
    fn a_recording_time_ahead_of_the_attestors_clock_is_refused() {
        assert!(check(&followed(), &item(6, NOW + SKEW), NOW, SKEW).is_ok());
        let fault = check(&followed(), &item(6, NOW + SKEW + 1), NOW, SKEW);
        assert_eq!(fault, Err(FeedFault::TimeAhead { now: NOW, came: NOW + SKEW + 1 }));
    }

    #[test]
    fn evidence_cannot_be_recorded_before_a_moment_at_which_it_was_not_there() {
        let earliest = NOW - 1000 - SKEW - SLOWEST_COMMIT_MS;
        assert!(check(&followed(), &item(6, earliest), NOW, SKEW).is_ok());
        let fault = check(&followed(), &item(6, earliest - 1), NOW, SKEW);
        assert_eq!(fault, Err(FeedFault::BackDated { seen: NOW - 1000, came: earliest - 1 }));
    }

    #[test]
    fn evidence_is_the_one_its_digest_names() {
        let mut altered = item(6, NOW);
        altered.evidence[1] ^= 1;
        assert!(matches!(check(&followed(), &altered, NOW, SKEW), Err(FeedFault::Digest { .. })));
    }
}
