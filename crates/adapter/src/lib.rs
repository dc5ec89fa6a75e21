//! The two traits an adapter implements: watch a source island, deliver to a destination island.
