//! Runs a devnet until interrupted: for wallets, scripts, and a look around with ethers or viem.
//!
//! `cargo run -p causeway-evm-devnet --example devnet -- [PORT]`

use causeway_evm_devnet::{Devnet, DevnetConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = DevnetConfig::new("example", 1337, 4)?;
    if let Some(port) = std::env::args().nth(1) {
        config.port = port.parse()?;
    }
    let devnet = Devnet::start(config).await?;
    println!("{} (chain id {})", devnet.url(), devnet.config().chain_id);
    for key in devnet.keys() {
        println!("{} 0x{}", key.address(), alloy_primitives::hex::encode(key.secret()));
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
