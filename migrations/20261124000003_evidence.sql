-- What was submitted, and the events it proves.

CREATE TABLE evidence (
    sequence BIGINT PRIMARY KEY CHECK (sequence >= 1),
    island id32 NOT NULL,
    digest id32 NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('run', 'back-fill', 'misbehaviour')),
    first uint64 NOT NULL,
    last uint64 NOT NULL CHECK (last >= first),
    events INTEGER NOT NULL CHECK (events >= 0),
    relayer address20 NOT NULL,
    signature signature65 NOT NULL,
    token UUID,
    bytes BYTEA NOT NULL CHECK (octet_length(bytes) > 0),
    recorded_at TIMESTAMPTZ NOT NULL,
    UNIQUE (island, digest)
);
-- Hashes and signatures do not compress: trying costs more than it saves.
ALTER TABLE evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX evidence_by_island ON evidence (island, sequence);
CALL append_only('evidence');

-- Evidence that came for a frozen island: kept as it came, proving nothing.
CREATE TABLE unverified_evidence (
    island id32 NOT NULL REFERENCES islands (id),
    digest id32 NOT NULL,
    first uint64 NOT NULL,
    last uint64 NOT NULL,
    relayer address20 NOT NULL,
    signature signature65 NOT NULL,
    bytes BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (island, digest)
);
ALTER TABLE unverified_evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;
CALL append_only('unverified_evidence');

-- Proven misbehaviour: two blocks sealed at one height.
CREATE TABLE misbehaviours (
    island id32 NOT NULL REFERENCES islands (id),
    digest id32 NOT NULL,
    meeting uint64 NOT NULL,
    height uint64 NOT NULL,
    first_block block_id NOT NULL,
    second_block block_id NOT NULL CHECK (second_block <> first_block),
    bytes BYTEA NOT NULL,
    token UUID,
    actor TEXT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (island, digest)
);
ALTER TABLE misbehaviours ALTER COLUMN bytes SET STORAGE EXTERNAL;
CALL append_only('misbehaviours');

-- Every proven event of every gateway.
CREATE TABLE gateway_events (
    gateway id32 NOT NULL,
    number uint64 NOT NULL CHECK (number >= 1),
    kind TEXT NOT NULL,
    -- The packet; or the source gateway of Blocked and Unblocked.
    subject id32,
    success BOOLEAN,
    -- PacketSettled: 3 RESULT, 4 EXPIRED, 5 VOID.
    outcome SMALLINT,
    result BYTEA CHECK (octet_length(result) <= 1024),
    height uint64 NOT NULL,
    block block_id NOT NULL,
    transaction uint64 NOT NULL,
    log uint64 NOT NULL,
    block_time uint64 NOT NULL,
    evidence BIGINT NOT NULL,
    PRIMARY KEY (gateway, number),
    CHECK (CASE kind
        WHEN 'PacketSent' THEN subject IS NOT NULL AND success IS NULL AND outcome IS NULL AND result IS NULL
        WHEN 'PacketDelivered' THEN subject IS NOT NULL AND success IS NOT NULL AND outcome IS NULL AND result IS NOT NULL
        WHEN 'PacketExpired' THEN subject IS NOT NULL AND success IS NULL AND outcome IS NULL AND result IS NULL
        WHEN 'PacketSettled' THEN subject IS NOT NULL AND success IS NOT NULL AND outcome IN (3, 4, 5) AND result IS NULL
        WHEN 'Blocked' THEN subject IS NOT NULL
        WHEN 'Unblocked' THEN subject IS NOT NULL
        ELSE subject IS NULL AND kind IN ('Opened', 'AttestorsRotated', 'RotationNoticed', 'Paused', 'Unpaused', 'Closed', 'Beat')
    END)
);
CREATE INDEX gateway_events_by_subject ON gateway_events (subject) WHERE subject IS NOT NULL;
CALL append_only('gateway_events');

-- A second, different event under a number that is taken: kept, because it proves the gateway's fault.
CREATE TABLE event_conflicts (
    gateway id32 NOT NULL,
    number uint64 NOT NULL,
    kind TEXT NOT NULL,
    subject id32,
    height uint64 NOT NULL,
    block block_id NOT NULL,
    transaction uint64 NOT NULL,
    log uint64 NOT NULL,
    evidence BIGINT NOT NULL
);
CALL append_only('event_conflicts');
