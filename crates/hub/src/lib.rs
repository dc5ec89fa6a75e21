//! The relay service: REST, auth, ingest, attestation batches, deliveries, OpenAPI, metrics.
