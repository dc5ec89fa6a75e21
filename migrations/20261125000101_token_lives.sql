-- Tokens end by themselves, and can be replaced.

ALTER TABLE tokens ADD COLUMN expires_at TIMESTAMPTZ CHECK (expires_at > created_at);

-- A token replaced by another for the same; the old one is taken until ends_at.
CREATE TABLE token_rotations (
    token UUID PRIMARY KEY REFERENCES tokens (id),
    successor UUID NOT NULL UNIQUE REFERENCES tokens (id),
    by_token UUID,
    actor TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL CHECK (ends_at >= at)
);
CALL append_only('token_rotations');

-- A token with everything that ends it.
CREATE VIEW token_lives AS
SELECT token.id, token.name, token.role, token.address, token.island, token.held_by_hub, token.secret_hash, token.created_at,
       LEAST(token.expires_at, rotation.ends_at) AS expires_at, rotation.successor, revocation.at AS revoked_at
FROM tokens AS token
LEFT JOIN token_rotations AS rotation ON rotation.token = token.id
LEFT JOIN token_revocations AS revocation ON revocation.token = token.id;
