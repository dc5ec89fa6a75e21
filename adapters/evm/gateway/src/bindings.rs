//! What `sol!` makes of the artifacts: a module for each contract with its calls, events, errors, `BYTECODE` (creation
//! code) and `DEPLOYED_BYTECODE`.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

use alloy_sol_types::sol;

sol!(
    #[sol(all_derives)]
    Gateway,
    "artifacts/Gateway.json"
);
sol!(
    #[sol(all_derives)]
    MessageBoard,
    "artifacts/MessageBoard.json"
);
sol!(
    #[sol(all_derives)]
    TokenBridge,
    "artifacts/TokenBridge.json"
);
sol!(
    #[sol(all_derives)]
    Voucher,
    "artifacts/Voucher.json"
);
sol!(
    #[sol(all_derives)]
    DemoToken,
    "artifacts/DemoToken.json"
);
