-- Who may ask, and what was answered.

CREATE TABLE tokens (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('operator', 'owner', 'relayer', 'attestor', 'auditor')),
    address address20,
    island id32,
    held_by_hub BOOLEAN NOT NULL,
    -- The secret itself is never stored.
    secret_hash id32 NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL
);
CALL append_only('tokens');

CREATE TABLE token_revocations (
    token UUID PRIMARY KEY REFERENCES tokens (id),
    by_token UUID,
    actor TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CALL append_only('token_revocations');

-- Relayers and attestors are tokens bound to a key: one registration, two views.
CREATE VIEW relayers AS
SELECT token.id AS token, token.name, token.address, token.island, token.created_at, revocation.at AS revoked_at
FROM tokens AS token LEFT JOIN token_revocations AS revocation ON revocation.token = token.id
WHERE token.role = 'relayer' AND token.address IS NOT NULL;

CREATE VIEW attestors AS
SELECT token.id AS token, token.name, token.address, token.held_by_hub, token.created_at, revocation.at AS revoked_at
FROM tokens AS token LEFT JOIN token_revocations AS revocation ON revocation.token = token.id
WHERE token.role = 'attestor' AND token.address IS NOT NULL;

-- Answers kept for 24 hours, so that a request sent twice has one effect and one answer. Neither history nor projection.
CREATE TABLE idempotency_keys (
    credential UUID NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    request bytes32 NOT NULL,
    begun_at TIMESTAMPTZ NOT NULL,
    -- Absent while the request is in flight.
    status INTEGER,
    body BYTEA,
    PRIMARY KEY (credential, method, path, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (begun_at);
