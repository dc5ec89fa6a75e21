//! Evidence from a real channel.

use causeway_adapter::{GatewayStanding, Head, Source, Standing};
use causeway_fabric::{FabricSource, SourceSettings};
use causeway_protocol::{Family, Hash, Writer};
use causeway_verifier::fabric::config_of;
use causeway_verifier::fabric::proto::{Envelope, Payload};
use prost::Message as _;

use crate::island::{Island, in_seconds, texts};

#[tokio::test(flavor = "multi_thread")]
async fn draft() {
    let Some(island) = Island::start().await else { return };
    let block = island.peers.blocks(0, 0, usize::MAX).await.unwrap().remove(0);
    let next = island.peers.blocks(1, 1, usize::MAX).await.unwrap().remove(0);
    let hash = Hash(next.header.unwrap().previous_hash.try_into().unwrap());
    let envelope = Envelope::decode(block.data.unwrap().data[0].as_slice()).unwrap();
    let payload = Payload::decode(envelope.payload.as_slice()).unwrap();
    let config = config_of(&payload.data).unwrap();
    let state = Writer::new()
        .bytes(b"fabric")
        .bytes(b"channel")
        .bytes(&config)
        .uint(86400)
        .list(&Writer::new())
        .list(&Writer::new())
        .uint(0)
        .bytes(&hash.0)
        .uint(0)
        .uint(0)
        .versioned(1);
    let standing = Standing {
        island: island.id,
        family: Family::Fabric,
        head: Head { height: 0, hash },
        client_state: state,
        gateways: vec![GatewayStanding {
            id: island.gateway,
            address: b"gateway".to_vec(),
            number: 0,
            height: 0,
            missing: Vec::new(),
        }],
    };
    let source = FabricSource::new(island.peers.clone(), SourceSettings::default());
    let timeout = in_seconds(600).to_string();
    let destination = format!("0x{}", "07".repeat(32));
    for _ in 0..3 {
        let arguments = texts(&["board", &destination, "default", "false", "0x42", &timeout, "0", "hello"]);
        island.peers.transact("gateway", "send", &arguments).await.unwrap();
    }
    let evidence = source.next(&standing).await.unwrap().unwrap();
    eprintln!("{evidence:?}");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let evidence = source.next(&standing).await.unwrap().unwrap();
    eprintln!("{evidence:?} {:?}", source.head().await.unwrap());
}
