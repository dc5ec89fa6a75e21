//! Two channels of the same orderer, organisations, peers and chaincodes: what one proves is nothing to the other.

use causeway_adapter::{AdapterError, Evidence, Source as _};
use causeway_fabric::{FabricSource, SourceSettings};
use causeway_verifier::Refusal;
use causeway_verifier::fabric::{self, FabricFault};

use crate::book::Book;
use crate::island::{Island, open, peers_of};

/// The first evidence: it shows by whose endorsements the gateway's transactions count.
async fn evidence(source: &FabricSource, book: &Book) -> Evidence {
    source.next(&book.standing).await.unwrap().expect("a gateway was defined and opened")
}

#[tokio::test(flavor = "multi_thread")]
async fn case_18_a_siblings_blocks_and_reads_prove_nothing() {
    let Some(mut island) = Island::start().await else { return };
    island.network.open_sibling("sibling").await.unwrap();
    let peers = peers_of(&island.network, "sibling");
    let (gateway, book) = open(&peers).await;
    assert_ne!(gateway, island.gateway, "the same chaincode on another channel is another gateway");
    assert_ne!(book.standing.head.hash, island.book.standing.head.hash);

    // A source that reads the wrong channel notices.
    let sibling = FabricSource::new(peers, SourceSettings::default());
    let error = sibling.next(&island.book.standing).await.unwrap_err();
    assert!(matches!(error, AdapterError::Inconsistent { .. }), "{error}");

    // Evidence of one is refused by the other's light client, and taken by its own.
    let (ours, theirs) = (evidence(&island.source(), &island.book).await, evidence(&sibling, &book).await);
    let refused = island.book.verify(&island.book.standing, &theirs).unwrap_err();
    assert!(matches!(refused, Refusal::NotLinkedToHead { .. }), "{refused}");
    book.verify(&book.standing, &ours).unwrap_err();
    book.verify(&book.standing, &theirs).unwrap();
    island.book.verify(&island.book.standing, &ours).unwrap();

    // So are reads: the same peers signed them, of the same keys, on the other channel.
    let (mut run, other) = (run(&ours.bytes), self::run(&theirs.bytes));
    assert_eq!((run.reads.len(), other.reads.len()), (1, 1));
    run.reads = other.reads;
    let bytes = fabric::Evidence::Run(run).encode();
    let mixed = Evidence { bytes, ..ours.clone() };
    let refused = island.book.verify(&island.book.standing, &mixed).unwrap_err();
    assert!(matches!(refused, Refusal::Fabric(FabricFault::OtherChannel { .. })), "{refused}");
}

fn run(bytes: &[u8]) -> fabric::Run<'_> {
    match fabric::Evidence::decode(bytes).unwrap() {
        fabric::Evidence::Run(run) => run,
        fabric::Evidence::Misbehaviour(_) => panic!("a source makes runs"),
    }
}
