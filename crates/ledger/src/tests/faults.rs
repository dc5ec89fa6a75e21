//! Postgres dies at the worst moment.
