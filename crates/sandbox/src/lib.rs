//! A whole Causeway in one process: a private Postgres, islands, a hub, three attestors of whom two have to sign, and
//! a relayer; and a demo that sends packets both ways, one that expires, one whose receiver fails, and one forged.
//!
//! Nothing in it is a mock: the blocks are sealed, the receipts proven, the signatures checked by the gateways' own code.
//! EVM islands are devnets, small chains in this process. A Fabric island is a channel of Hyperledger Fabric's own peers and
//! orderer, which Go builds where they have not been built before.
//!
//! ```no_run
//! # async fn example() -> Result<(), causeway_sandbox::SandboxError> {
//! use causeway_sandbox::{Options, Report};
//! use tokio_util::sync::CancellationToken;
//!
//! let report = Report::new(false, Box::new(std::io::stdout()));
//! let options = Options { exit: true, ..Options::default() };
//! let summary = causeway_sandbox::run(options, &report, CancellationToken::new()).await?;
//! assert!(summary.is_some_and(|summary| summary.ok));
//! # Ok(()) }
//! ```

mod demo;
mod devnet;
mod error;
mod fabric;
mod forgery;
mod island;
mod keys;
mod options;
mod report;
mod services;
mod stage;

pub use error::SandboxError;
pub use options::Options;
pub use report::{ChainId, Event, Ready, ReadyIsland, ReadyLog, Report, Summary, Tokens};

use tokio_util::sync::CancellationToken;

use crate::demo::{Expected, Tally};
use crate::stage::Stage;

/// Starts everything, runs the demo and, unless told to exit, keeps running until `shutdown`. Answers how the demo ended;
/// nothing if it was stopped before its end.
pub async fn run(
    options: Options,
    report: &Report,
    shutdown: CancellationToken,
) -> Result<Option<Summary>, SandboxError> {
    options.check()?;
    // A start takes a while where nodes have to be built; what it has started so far ends when it is dropped.
    let Some(stage) = shutdown.run_until_cancelled(Stage::set(&options, report)).await.transpose()? else {
        return Ok(None);
    };
    let demo = demo(&stage, &options, report, &shutdown);
    let summary = tokio::select! {
        summary = demo => Some(summary?),
        () = shutdown.cancelled() => None,
    };
    if let Some(summary) = &summary {
        report.emit(&Event::Summary(summary.clone()));
        if !options.exit {
            report.step("everything keeps running; end it with Ctrl-C");
            shutdown.cancelled().await;
        }
    }
    stage.strike().await;
    Ok(summary)
}

async fn demo(
    stage: &Stage,
    options: &Options,
    report: &Report,
    stop: &CancellationToken,
) -> Result<Summary, SandboxError> {
    let auditor = stage.auditor()?;
    let mut tally = Tally::default();
    let ordinary = options.packets - 2;
    report.step(format!("sending {ordinary} packets, each island to the next"));
    let sent = demo::send_ordinary(&stage.islands, ordinary);
    let expected = usize::try_from(ordinary).unwrap_or(usize::MAX);
    let (sent, followed) = tokio::join!(sent, tally.follow(&auditor, report, expected, stop));
    sent?;
    followed?;
    let trouble = demo::Trouble::among(&stage.islands)?;
    report.step(format!("sending one whose receiver, on {}, fails", trouble.to.name));
    trouble.send_failing(&auditor, &mut tally, report, stop).await?;
    report.step(format!("sending one that has no time to arrive on {}", trouble.to.name));
    trouble.send_expiring(&auditor, &mut tally, report, stop).await?;
    report.step("a relayer lies: a packet nobody sent, in a block the validators sealed");
    let answer = stage.forge().await?;
    let refused = forgery::refusal(&answer);
    if let Some((code, detail)) = &refused {
        let what = "forged packet".to_owned();
        report.emit(&Event::Refused { what, code: code.clone(), detail: detail.clone() });
    }
    let expected = Expected { packets: options.packets, failed: 1, refunded: 1 };
    Ok(tally.summary(&expected, refused.is_some()))
}
