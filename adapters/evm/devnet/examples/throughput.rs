//! How fast a devnet takes and seals gateway sends: blocks of 500, with a real gateway.
//!
//! `cargo run --release -p causeway-evm-devnet --example throughput -- [BLOCKS]`

use std::time::{Duration, Instant};

use alloy_sol_types::{SolCall as _, SolConstructor as _};
use causeway_evm_devnet::{Devnet, DevnetConfig, Message, Mining};
use causeway_evm_gateway::Gateway;

/// Transactions of a block.
const SENDS: u64 = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let blocks: u64 = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let mut config = DevnetConfig::new("throughput", 1337, 4)?;
    config.mining = Mining::Manual;
    let devnet = Devnet::start(config).await?;
    let key = &devnet.keys()[0];
    let arguments = Gateway::constructorCall {
        owner_: key.address().0.into(),
        timeoutWindow_: causeway_evm_gateway::TIMEOUT_WINDOW,
        payloadLimit_: causeway_evm_gateway::PAYLOAD_LIMIT,
    };
    let code = [&Gateway::BYTECODE[..], &arguments.abi_encode()].concat();
    let deployed = devnet.execute(key, Message { data: code, ..Message::default() }).await?;
    let to = deployed.created;
    let open = Gateway::openCall {
        island_: [1; 32].into(),
        hub_: [2; 32].into(),
        threshold_: 1,
        attestors_: vec![key.address().0.into()],
    };
    devnet.execute(key, Message { to, data: open.abi_encode(), ..Message::default() }).await?;

    let (mut submitting, mut mining) = (Duration::ZERO, Vec::new());
    for _ in 0..blocks {
        let first = devnet.next_nonce(key.address());
        let raw = (0..SENDS).map(|index| {
            let send = Gateway::sendCall {
                destination: [3; 32].into(),
                lane: "throughput".into(),
                ordered: false,
                receiver: vec![4; 20].into(),
                timeout: devnet.time() + 3_600,
                budget: 100_000,
                payload: index.to_be_bytes().repeat(16).into(),
            };
            let (nonce, gas) = (Some(first + index), Some(400_000));
            devnet.sign(key, Message { to, data: send.abi_encode(), nonce, gas, ..Message::default() })
        });
        let raw: Vec<_> = raw.collect::<Result<_, _>>()?;
        let start = Instant::now();
        for one in &raw {
            devnet.submit(one)?;
        }
        submitting += start.elapsed();
        let start = Instant::now();
        let block = devnet.mine()?;
        mining.push(start.elapsed());
        if u64::try_from(block.transactions)? != SENDS {
            return Err(format!("{} transactions in block {}", block.transactions, block.number).into());
        }
    }
    mining.sort_unstable();
    let count = u32::try_from(blocks * SENDS)?;
    println!("{blocks} blocks of {SENDS} sends");
    println!("submit: {:?} each", submitting / count);
    println!("block: p50 {:?}, slowest {:?}", mining[mining.len() / 2], mining[mining.len() - 1]);
    Ok(())
}
