//! What every adapter has to keep, as checks that its own tests run against a chain of its kind.
//!
//! Each panics with what was broken. [`conforms`] runs all that hold for any island; the others need a chain that stands still
//! while they run.

mod book;
mod conformance;

pub use book::{Book, Recording};
pub use conformance::{
    Island, conforms, cursor_reaches_every_event, gaps_and_duplicates_move_nothing, packets_end_once,
    restarts_lose_and_repeat_nothing, suppression_does_not_pass, what_is_recorded_is_final,
};

use core::time::Duration;

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

/// How often statements are submitted until an island with a slow or dying node has taken them, and how long apart.
const ATTEMPTS: usize = 40;
const PAUSE: Duration = Duration::from_millis(500);

/// Submits `statements`, all acceptable, until each is accepted, and submits them again.
///
/// Checks that there is one outcome for each, that none is refused, that each is accepted in the end and already done when it
/// is submitted once more, and that nothing submitted is nothing done.
pub async fn destination_is_idempotent(destination: &dyn Destination, statements: &[Statement]) {
    let submit = async |statements: &[Statement]| {
        destination.submit(statements).await.expect("a healthy chain takes statements").outcomes
    };
    assert!(submit(&[]).await.is_empty(), "nothing submitted is nothing done");
    let mut accepted = 0;
    for _ in 0..ATTEMPTS {
        let outcomes = submit(statements).await;
        assert_eq!(outcomes.len(), statements.len(), "one outcome a statement");
        let refused = outcomes.iter().find(|outcome| matches!(outcome, Outcome::Refused { .. }));
        assert_eq!(refused, None, "an acceptable statement is not refused");
        let done = |outcome: &&Outcome| matches!(outcome, Outcome::Done { .. } | Outcome::AlreadyDone);
        accepted = outcomes.iter().filter(done).count();
        if accepted == statements.len() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(accepted, statements.len(), "every acceptable statement is accepted in the end");
    let again = submit(statements).await;
    assert_eq!(again.len(), statements.len(), "one outcome a statement");
    for outcome in again {
        assert_eq!(outcome, Outcome::AlreadyDone, "a statement accepted before is already done");
    }
}
