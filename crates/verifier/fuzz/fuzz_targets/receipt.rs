//! Bytes from anywhere as receipts, and as logs of a gateway.
#![no_main]

use causeway_protocol::{Address, GatewayId, Hash, IslandId, words};
use causeway_verifier::Gateway;
use causeway_verifier::evm::{EventContext, Receipt, decode_event, topics};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(receipt) = Receipt::decode(data) {
        receipt.logs().for_each(drop);
    }
    let gateway = Gateway { island: IslandId([1; 32]), address: vec![2; 20], id: GatewayId([3; 32]) };
    let context = EventContext { gateways: &[gateway], parent: Hash([4; 32]) };
    for topic in topics() {
        let all = [topic, words::uint(1), Hash([3; 32]), Hash([5; 32])];
        for count in [3, 4] {
            let _ = decode_event(context, Address([2; 20]), &all[..count], data);
        }
    }
});
