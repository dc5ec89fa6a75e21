//! The Solidity gateway and its example applications, as Rust sees them: bindings and creation code from the committed
//! artifacts, and nothing else.
//!
//! `npm ci && npm run build` in this folder compiles `contracts/` to `artifacts/`; `npm run check` proves that what is
//! committed is what the sources compile to.
//!
//! ```
//! use alloy_sol_types::{SolCall, SolConstructor};
//! use causeway_evm_gateway::Gateway;
//!
//! // Creation code, with the constructor's arguments behind it: owner, timeout window in seconds, payload limit in bytes.
//! let arguments = Gateway::constructorCall {
//!     owner_: [0x11; 20].into(),
//!     timeoutWindow_: causeway_evm_gateway::TIMEOUT_WINDOW,
//!     payloadLimit_: causeway_evm_gateway::PAYLOAD_LIMIT,
//! };
//! let deploy = [&Gateway::BYTECODE[..], &arguments.abi_encode()].concat();
//! assert!(deploy.len() > 10_000);
//!
//! // A call, and its answer.
//! let call = Gateway::numberCall {}.abi_encode();
//! assert_eq!(call.len(), 4);
//! assert_eq!(Gateway::numberCall::abi_decode_returns(&[0; 32]), Ok(0));
//! ```

mod bindings;

pub use bindings::{DemoToken, Gateway, MessageBoard, TokenBridge, Voucher};

/// How far ahead, in seconds, a packet's timeout may lie on a gateway with the usual parameters: seven days.
pub const TIMEOUT_WINDOW: u64 = 7 * 24 * 60 * 60;

/// The longest payload, in bytes, on a gateway with the usual parameters: 16 KiB.
pub const PAYLOAD_LIMIT: u64 = 16 * 1024;
