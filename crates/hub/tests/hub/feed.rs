//! The feed of evidence, page by page: a page is bounded in bytes, and nothing is lost between two of them.

use causeway_api::{self as api, EvidenceStatus, Role};
use causeway_client::{HubClient, Settings, Token};
use causeway_protocol::{Address, GatewayEventKind, HubId};
use causeway_verifier::MAX_EVIDENCE;

use crate::forge::Chain;
use crate::world::{GENESIS, ORIGIN, World};

/// Evidence of one page, in bytes, at the item that ends it.
const BOUND: usize = 8 * 1024 * 1024;

/// A hub that recorded one piece of evidence for each of these sizes (bytes of a log beside the gateway's); those pieces.
async fn recorded(sizes: &[usize]) -> (World, Vec<Vec<u8>>) {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    world.join(&chain, "harbour").await;
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    chain.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
    let mut pieces = Vec::new();
    for size in sizes {
        if !pieces.is_empty() {
            chain.emit_beside(*size, GatewayEventKind::Beat);
        }
        chain.seal();
        pieces.push(chain.run_from(&world.state(chain.island, &token).await).2);
        let answer = world.catch_up(&chain, &relayer, &token).await;
        assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
    }
    (world, pieces)
}

/// Follows the feed to its end, `limit` items at most a page.
async fn follow(world: &World, limit: u32) -> Vec<api::Page<api::EvidenceItem>> {
    let token = world.token(Role::Auditor, None, None).await;
    let client =
        HubClient::new(Settings::new(&world.url, Some(Token::new(&token).unwrap())).unwrap()).unwrap();
    let (mut pages, mut after) = (Vec::new(), 0);
    loop {
        let page = client.evidence_after("harbour", after, limit).await.unwrap();
        let next = page.next.clone();
        pages.push(page);
        match next {
            Some(next) => after = next.parse().unwrap(),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_page_ends_at_the_piece_that_reaches_its_bound_and_the_next_goes_on_behind_it() {
    let mega = 1024 * 1024;
    // The bound is met in the middle of what is asked of the ledger at once, at its end, and by one piece almost alone.
    let mut sizes = vec![0; 10];
    sizes.extend([3 * mega, 3 * mega, 3 * mega]);
    sizes.extend([0; 5]);
    sizes.extend([mega; 8]);
    sizes.extend([0, MAX_EVIDENCE - mega / 2, MAX_EVIDENCE - mega / 2, 0]);
    let (world, pieces) = recorded(&sizes).await;
    for limit in [500, 9] {
        let pages = follow(&world, limit).await;
        let found: Vec<&Vec<u8>> =
            pages.iter().flat_map(|page| &page.items).map(|item| &item.evidence).collect();
        assert!(found.iter().copied().eq(&pieces), "every piece once, in order");
        let most = usize::try_from(limit).unwrap();
        for (place, page) in pages.iter().enumerate() {
            let sizes: Vec<usize> = page.items.iter().map(|item| item.evidence.len()).collect();
            let (bytes, last) = (sizes.iter().sum::<usize>(), sizes.last().copied().unwrap_or_default());
            assert!(bytes - last < BOUND, "page {place} goes on behind its bound: {sizes:?}");
            let is_full = bytes >= BOUND || sizes.len() == most;
            assert!(is_full || place + 1 == pages.len(), "page {place} ends before its bound: {sizes:?}");
            assert!(sizes.len() <= most);
        }
        if limit == 500 {
            let counts: Vec<usize> = pages.iter().map(|page| page.items.len()).collect();
            assert_eq!(counts, [13, 13, 3, 1]);
        }
    }
}
