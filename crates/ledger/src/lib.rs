//! Postgres: the only crate that speaks SQL.
