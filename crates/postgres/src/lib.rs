//! A private Postgres server on loopback, for the sandbox and for tests.
