//! The agent beside an island: drives adapters and talks to the hub.
