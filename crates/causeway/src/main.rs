//! The one binary: hub, relayer, attestor, sandbox and the tools.

mod capture;
mod cli;
mod commands;
mod config;
mod logging;
mod notify;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Before anything can open a TLS connection: without a provider the first one panics.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("error: another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    let cli = cli::Cli::parse();
    if let Err(error) = logging::start(cli.log_format, cli.log.as_deref().unwrap_or(cli.command.usual_log()))
    {
        eprintln!("error: {error:#}");
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.downcast_ref::<output::Reported>().is_none() {
                eprintln!("error: {}", causes(&error));
                if let Some(next) = next_step(&error) {
                    eprintln!("next: {next}");
                }
            }
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, each said once: some errors repeat their cause's words.
fn causes(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !parts.last().is_some_and(|last| last.ends_with(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// What the hub advises, where it was the hub that refused.
fn next_step(error: &anyhow::Error) -> Option<&str> {
    let refusals = error.chain().filter_map(|cause| cause.downcast_ref::<causeway_client::ClientError>());
    refusals.filter_map(causeway_client::ClientError::problem).map(|problem| problem.next.as_str()).next()
}
