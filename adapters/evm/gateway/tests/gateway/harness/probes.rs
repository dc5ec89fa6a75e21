//! Bindings of the contracts that exist for these tests only.
#![allow(clippy::pedantic, unreachable_pub)]

use alloy_sol_types::sol;

sol!(DigestsProbe, "tests/artifacts/DigestsProbe.json");
sol!(Loop, "tests/artifacts/Loop.json");
sol!(OddToken, "tests/artifacts/OddToken.json");
sol!(Puppet, "tests/artifacts/Puppet.json");
