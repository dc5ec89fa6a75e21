//! A whole Causeway in one process: private Postgres, devnet islands, hub, attestors and relayer.
