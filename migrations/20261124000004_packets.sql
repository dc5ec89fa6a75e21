-- Packets, and where each is in its life.

CREATE TABLE packets (
    position BIGINT PRIMARY KEY CHECK (position >= 1),
    id id32 NOT NULL UNIQUE,
    source id32 NOT NULL,
    destination id32 NOT NULL,
    lane id32 NOT NULL,
    sequence uint64 NOT NULL CHECK (sequence >= 1),
    sender BYTEA NOT NULL CHECK (octet_length(sender) <= 64),
    receiver BYTEA NOT NULL CHECK (octet_length(receiver) <= 64),
    timeout uint64 NOT NULL,
    budget uint64 NOT NULL,
    payload BYTEA NOT NULL,
    lane_name bytes32 NOT NULL,
    ordered BOOLEAN NOT NULL,
    island id32 NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    UNIQUE (lane, sequence)
);
CALL append_only('packets');

-- A second packet with a lane and sequence that are taken: kept, because the two prove the gateway's fault.
CREATE TABLE packet_conflicts (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway id32 NOT NULL,
    number uint64 NOT NULL,
    id id32 NOT NULL,
    destination id32 NOT NULL,
    lane id32 NOT NULL,
    sequence uint64 NOT NULL,
    sender BYTEA NOT NULL,
    receiver BYTEA NOT NULL,
    timeout uint64 NOT NULL,
    budget uint64 NOT NULL,
    payload BYTEA NOT NULL,
    evidence BIGINT NOT NULL
);
CALL append_only('packet_conflicts');

-- Projection: where a packet is in its life. Everything follows from gateway_events and attestations.
CREATE TABLE packet_states (
    packet id32 PRIMARY KEY,
    attested_at TIMESTAMPTZ,
    outcome TEXT CHECK (outcome IN ('delivered', 'failed', 'expired')),
    settlement TEXT CHECK (settlement IN ('result', 'expired', 'void')),
    -- Nobody may sign DELIVER for it now.
    held BOOLEAN NOT NULL DEFAULT FALSE,
    -- Two outcomes were proven, or one that its settlement contradicts: nothing about it is signed any more.
    disputed BOOLEAN NOT NULL DEFAULT FALSE,
    sent_at TIMESTAMPTZ NOT NULL,
    settled_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN settlement = 'result' THEN 'settled'
            WHEN settlement IS NOT NULL THEN 'refunded'
            WHEN disputed THEN 'held'
            WHEN outcome IS NOT NULL THEN outcome
            WHEN held THEN 'held'
            WHEN attested_at IS NOT NULL THEN 'attested'
            ELSE 'verified'
        END
    ) STORED,
    CHECK ((settlement IS NULL) = (settled_at IS NULL)),
    -- Mirrors the state machine: a settlement never contradicts the outcome, unless the packet is marked as disputed.
    CHECK (disputed OR settlement IS NULL OR outcome IS NULL
           OR (settlement = 'result') = (outcome IN ('delivered', 'failed')))
) WITH (fillfactor = 60);
CREATE INDEX packet_states_settled ON packet_states (settled_at) WHERE settled_at IS NOT NULL;

-- Projection: packets whose destination is not an open gateway yet.
CREATE TABLE waiting_packets (
    destination id32 NOT NULL,
    packet id32 NOT NULL,
    PRIMARY KEY (destination, packet)
);

-- Projection: events about packets whose PacketSent is not recorded yet.
CREATE TABLE orphan_events (
    packet id32 NOT NULL,
    gateway id32 NOT NULL,
    number uint64 NOT NULL,
    PRIMARY KEY (packet, gateway, number)
);
