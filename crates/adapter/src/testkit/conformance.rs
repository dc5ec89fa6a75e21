//! The checklist of a new family: what source, destination and light client of an island have to keep between them.

use core::time::Duration;
use std::time::Instant;

use async_trait::async_trait;
use causeway_protocol::{AttestationKind, GatewayEventKind};

use super::{Book, MAX_EVIDENCE, Recording};
use crate::{Destination, Evidence, Outcome, Recorded, Source, Standing, Statement};

/// How long an island may take to show what was done on it.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at it.
const POLL: Duration = Duration::from_millis(50);

/// An island with one open gateway, as its adapter's tests run it.
#[async_trait]
pub trait Island: Send + Sync {
    /// Where its recording begins: nothing of its gateway is recorded.
    fn beginning(&self) -> Standing;

    /// A source that remembers nothing, as a relayer has it when it is started again.
    fn source(&self) -> Box<dyn Source>;

    /// A destination that remembers nothing.
    fn destination(&self) -> Box<dyn Destination>;

    /// Has the light client verify evidence; `recorded` is the header recorded at its last height, if there is one.
    fn verify(
        &self,
        standing: &Standing,
        recorded: Option<Recorded>,
        evidence: &Evidence,
    ) -> Result<Recording, String>;

    /// Sends `count` packets from its gateway to another island.
    async fn send(&self, count: usize);

    /// Statements of the attestors that its gateway trusts, about `count` packets from elsewhere that it has not seen; DELIVER
    /// and REFUSE about each.
    fn arrivals(&self, count: usize) -> Vec<(Statement, Statement)>;

    /// What a relayer that wants to hide its gateway events makes of `evidence`: the same heights without them.
    async fn leave_out(&self, standing: &Standing, evidence: &Evidence) -> Evidence;
}

/// Runs the whole checklist on an island.
pub async fn conforms(island: &dyn Island) {
    let mut book = Book::new(island.beginning());
    cursor_reaches_every_event(island, &mut book).await;
    restarts_lose_and_repeat_nothing(island, &mut book).await;
    gaps_and_duplicates_move_nothing(island, &mut book).await;
    what_is_recorded_is_final(island, &book).await;
    packets_end_once(island, &mut book).await;
    suppression_does_not_pass(island, &mut book).await;
}

/// Cursor: every event of the gateway is proven, in order, each once, however many there are.
pub async fn cursor_reaches_every_event(island: &dyn Island, book: &mut Book) {
    let (sent, number) = (count_sent(book), book.gateway().number);
    island.send(3).await;
    let source = island.source();
    record_until(island, book, || &*source, |book| count_sent(book) == sent + 3).await;
    assert!(number < book.gateway().number, "the cursor moves");
    assert_eq!(book.gateway().missing, [], "a source leaves nothing out");
    if number == 0 {
        assert_eq!(book.names().first(), Some(&"Opened"), "a gateway's first event is its opening");
    }
    let heights: Vec<u64> = book.events.values().map(|(height, _)| *height).collect();
    assert!(heights.is_sorted(), "numbers follow the order of blocks: {heights:?}");
}

/// Restart: a source that remembers nothing continues where the recording stands.
pub async fn restarts_lose_and_repeat_nothing(island: &dyn Island, book: &mut Book) {
    let before = book.clone();
    let sent = count_sent(book);
    island.send(2).await;
    let deadline = Instant::now() + PATIENCE;
    while count_sent(book) < sent + 2 {
        assert!(Instant::now() < deadline, "events are proven in time");
        let (one, another) = (island.source(), island.source());
        let Some(evidence) = next(&*one, &book.standing).await else { continue };
        let again =
            next(&*another, &book.standing).await.expect("where one source has evidence, so has another");
        assert_eq!(evidence.first, again.first, "both continue the recorded head");
        // What either makes is as good.
        let recording = verify(island, book, &again);
        book.record(recording);
    }
    let kept = before.events.iter().all(|(number, event)| book.events.get(number) == Some(event));
    assert!(kept, "what was recorded stays as it was");
}

/// Gap and duplicate: evidence that does not continue the head is refused, or changes nothing.
pub async fn gaps_and_duplicates_move_nothing(island: &dyn Island, book: &mut Book) {
    let mut pieces = Vec::new();
    for _ in 0..2 {
        let (sent, before) = (count_sent(book), book.clone());
        island.send(1).await;
        let source = island.source();
        let deadline = Instant::now() + PATIENCE;
        let mut first = None;
        while count_sent(book) < sent + 1 {
            assert!(Instant::now() < deadline, "events are proven in time");
            let Some(evidence) = next(&*source, &book.standing).await else { continue };
            let recording = verify(island, book, &evidence);
            book.record(recording);
            first.get_or_insert(evidence);
        }
        pieces.push((before, first.expect("an event needs evidence")));
    }
    let (before, first) = &pieces[0];
    let (_, second) = &pieces[1];
    assert!(
        island.verify(&before.standing, None, second).is_err(),
        "evidence that leaves a gap behind the head is refused"
    );
    // A hub that has the last header takes it for a back-fill, or refuses it; the head stays.
    if let Ok(recording) = island.verify(&book.standing, book.recorded(first), first) {
        assert_eq!(recording.head, book.standing.head, "evidence recorded before does not move the head");
        assert_eq!(book.clone().record(recording), 0, "nor does it add an event");
    }
}

/// Finality: what is recorded is what the nodes say, and stays so.
pub async fn what_is_recorded_is_final(island: &dyn Island, book: &Book) {
    let head = island.source().head().await.expect("a source on a healthy chain has no error");
    let recorded = book.standing.head;
    assert!(head.height >= recorded.height, "nothing is recorded that the nodes do not have");
    if head.height == recorded.height {
        assert_eq!(head.hash, recorded.hash, "the recorded block is the nodes' block");
    }
}

/// Expiry: a packet is delivered or expires, never both, and each is proven once.
pub async fn packets_end_once(island: &dyn Island, book: &mut Book) {
    let arrivals = island.arrivals(4);
    let destination = island.destination();
    let (deliver, refuse): (Vec<_>, Vec<_>) = arrivals.into_iter().unzip();
    super::destination_is_idempotent(&*destination, &deliver[..2]).await;
    super::destination_is_idempotent(&*destination, &refuse[2..]).await;
    let late = [&refuse[..2], &deliver[2..]].concat();
    let outcomes = destination.submit(&late).await.expect("a healthy chain takes statements").outcomes;
    assert_eq!(outcomes, vec![Outcome::AlreadyDone; 4], "a packet that has ended does not end otherwise");

    let ended = |book: &Book| {
        let of = |kind: AttestationKind| {
            let ends = book.events.values().filter_map(move |(_, event)| match (kind, &event.kind) {
                (AttestationKind::Deliver, GatewayEventKind::PacketDelivered { packet, .. })
                | (AttestationKind::Refuse, GatewayEventKind::PacketExpired { packet }) => Some(*packet),
                _ => None,
            });
            ends.collect::<Vec<_>>()
        };
        (of(AttestationKind::Deliver), of(AttestationKind::Refuse))
    };
    let ids = |statements: &[Statement]| statements.iter().map(Statement::id).collect::<Vec<_>>();
    let (wanted_delivered, wanted_expired) = (ids(&deliver[..2]), ids(&refuse[2..]));
    let source = island.source();
    record_until(
        island,
        book,
        || &*source,
        |book| {
            let (delivered, expired) = ended(book);
            wanted_delivered.iter().all(|id| delivered.contains(id))
                && wanted_expired.iter().all(|id| expired.contains(id))
        },
    )
    .await;
    let (delivered, expired) = ended(book);
    for id in wanted_delivered.iter().chain(&wanted_expired) {
        let ends = delivered.iter().chain(&expired).filter(|ended| *ended == id).count();
        assert_eq!(ends, 1, "packet {id} ends once");
    }
}

/// Suppression: evidence that leaves events out is refused, or the source notices and fills them in.
pub async fn suppression_does_not_pass(island: &dyn Island, book: &mut Book) {
    let source = island.source();
    // What waits is recorded first, so that what is left out is the new event.
    while let Some(evidence) = next(&*source, &book.standing).await {
        let recording = verify(island, book, &evidence);
        book.record(recording);
    }
    let sent = count_sent(book);
    island.send(1).await;
    let deadline = Instant::now() + PATIENCE;
    let honest = loop {
        assert!(Instant::now() < deadline, "events are proven in time");
        let Some(evidence) = next(&*source, &book.standing).await else { continue };
        let recording = verify(island, book, &evidence);
        if recording.events.iter().any(|(_, event)| is_sent(&event.kind)) {
            break evidence;
        }
        book.record(recording);
    };
    let dishonest = island.leave_out(&book.standing, &honest).await;
    if let Ok(recording) = island.verify(&book.standing, None, &dishonest) {
        assert_eq!(recording.events, [], "nothing is proven that is not in the evidence");
        book.record(recording);
        let omitted = island.source().omitted(&book.standing).await;
        let omitted = omitted.expect("a source on a healthy chain has no error");
        let height = omitted.expect("a source notices an event left out below the head");
        let recorded = book.recorded_from(height).expect("the head is recorded");
        let fill = source.back_fill(&book.standing, height, recorded).await;
        let fill = fill.expect("what was left out can be filled in");
        let recording = verify(island, book, &fill);
        book.record(recording);
    }
    record_until(island, book, || &*source, |book| count_sent(book) == sent + 1).await;
    assert_eq!(book.gateway().missing, [], "nothing is missing in the end");
    let omitted = island.source().omitted(&book.standing).await;
    assert_eq!(omitted, Ok(None), "and nothing is thought to be");
}

/// Records what `source` proves until `enough`.
async fn record_until<'a>(
    island: &dyn Island,
    book: &mut Book,
    source: impl Fn() -> &'a dyn Source,
    enough: impl Fn(&Book) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !enough(book) {
        assert!(Instant::now() < deadline, "events are proven in time; recorded: {:?}", book.names());
        if let Some(evidence) = next(source(), &book.standing).await {
            let known = book.events.len();
            let recording = verify(island, book, &evidence);
            let proven = recording.events.len();
            book.record(recording);
            assert_eq!(book.events.len(), known + proven, "no event is proven twice");
        }
    }
}

/// What a source has now; nothing, after a pause, if it has nothing.
async fn next(source: &dyn Source, standing: &Standing) -> Option<Evidence> {
    let evidence = source.next(standing).await.expect("a source on a healthy chain has no error");
    if let Some(evidence) = &evidence {
        assert_eq!(evidence.first, standing.head.height + 1, "evidence continues the head");
        assert!(evidence.last >= evidence.first, "evidence is not empty");
        assert!(evidence.bytes.len() <= MAX_EVIDENCE, "evidence is bounded");
    } else {
        tokio::time::sleep(POLL).await;
    }
    evidence
}

fn verify(island: &dyn Island, book: &Book, evidence: &Evidence) -> Recording {
    let recorded = book.recorded(evidence);
    island
        .verify(&book.standing, recorded, evidence)
        .expect("the light client takes an honest source's evidence")
}

fn is_sent(kind: &GatewayEventKind) -> bool {
    matches!(kind, GatewayEventKind::PacketSent { .. })
}

fn count_sent(book: &Book) -> usize {
    book.events.values().filter(|(_, event)| is_sent(&event.kind)).count()
}
