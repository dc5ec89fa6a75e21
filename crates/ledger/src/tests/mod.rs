//! Everything on a real Postgres.
