//! What every adapter has to keep, as checks that its own tests run against a chain of its kind.
//!
//! Each panics with what was broken. They need a chain that stands still while they run.

use crate::{Destination, Evidence, Outcome, Source, Standing, Statement};

/// Largest evidence a hub has to take.
pub const MAX_EVIDENCE: usize = 8 * 1024 * 1024;

/// Drives `source` from `standing` until it has nothing more to prove. `record` plays the hub: it has to verify the
/// evidence and answer where it stands then. Returns the evidence, in order.
///
/// Checks that every piece continues the head, is bounded, and comes again when it is asked for again (a source may be
/// stopped and started at any point), and that the source comes to an end.
pub async fn source_reaches_the_head(
    source: &dyn Source,
    mut standing: Standing,
    mut record: impl FnMut(&Standing, &Evidence) -> Standing,
) -> (Standing, Vec<Evidence>) {
    let mut all = Vec::new();
    let most = 10_000;
    while let Some(evidence) = source.next(&standing).await.expect("a source on a healthy chain has no error")
    {
        assert_eq!(evidence.first, standing.head.height + 1, "evidence continues the head");
        assert!(evidence.last >= evidence.first, "evidence is not empty");
        assert!(evidence.bytes.len() <= MAX_EVIDENCE, "evidence is bounded");
        let again = source.next(&standing).await.expect("asked again, a source has no error");
        let again = again.expect("asked again with the same standing, there is evidence again");
        assert_eq!(again.first, evidence.first, "asked again, a source starts at the same height");
        standing = record(&standing, &evidence);
        assert_eq!(standing.head.height, evidence.last, "the recorded head is the evidence's last header");
        all.push(evidence);
        assert!(all.len() < most, "a source comes to an end on a chain that stands still");
    }
    (standing, all)
}

/// Submits `statements`, all acceptable, and submits them again.
///
/// Checks that there is one outcome for each, that each is done the first time and already done the second, and that
/// nothing submitted is nothing done.
pub async fn destination_is_idempotent(destination: &dyn Destination, statements: &[Statement]) {
    let submit = async |statements: &[Statement]| {
        destination.submit(statements).await.expect("a healthy chain takes statements").outcomes
    };
    assert!(submit(&[]).await.is_empty(), "nothing submitted is nothing done");
    let first = submit(statements).await;
    assert_eq!(first.len(), statements.len(), "one outcome a statement");
    for outcome in first {
        assert!(
            matches!(outcome, Outcome::Done { .. }),
            "expected a statement to be accepted, came {outcome:?}"
        );
    }
    let second = submit(statements).await;
    assert!(second.len() == statements.len(), "one outcome a statement");
    for outcome in second {
        assert_eq!(outcome, Outcome::AlreadyDone, "a statement accepted before is already done");
    }
}
