-- Statements to be signed, the batches they are signed in, and the signatures.

-- Projection: one statement about one packet, for the gateway that checks it. Rebuilt from events; batches and signatures
-- themselves are append-only.
CREATE TABLE leaves (
    position BIGINT PRIMARY KEY,
    packet id32 NOT NULL,
    -- 1 DELIVER, 2 REFUSE, 3 RESULT, 4 EXPIRED, 5 VOID.
    kind SMALLINT NOT NULL CHECK (kind BETWEEN 1 AND 5),
    success BOOLEAN NOT NULL,
    result bytes32 NOT NULL,
    -- The gateway that checks it, its island, and the packet's other gateway.
    checker id32 NOT NULL,
    island id32 NOT NULL,
    other id32 NOT NULL,
    -- Not to be signed or handed out now.
    held BOOLEAN NOT NULL,
    -- Proven on chain: nothing is left to do.
    done BOOLEAN NOT NULL DEFAULT FALSE,
    batch BIGINT,
    -- Set when enough attestors have signed its batch: its place in the order of deliveries.
    ready BIGINT,
    made_at TIMESTAMPTZ NOT NULL,
    UNIQUE (packet, kind),
    CHECK (kind = 3 OR (NOT success AND result = '\x0000000000000000000000000000000000000000000000000000000000000000')),
    CHECK (ready IS NULL OR batch IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX leaves_open ON leaves (position) WHERE NOT done;
CREATE INDEX leaves_unbatched ON leaves (position) WHERE batch IS NULL AND NOT held AND NOT done;
CREATE INDEX leaves_ready ON leaves (island, ready) WHERE ready IS NOT NULL AND NOT held AND NOT done;

CREATE TABLE batches (
    id BIGINT PRIMARY KEY,
    checker id32 NOT NULL,
    epoch uint64 NOT NULL CHECK (epoch >= 1),
    count INTEGER NOT NULL CHECK (count BETWEEN 1 AND 1024),
    root id32 NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX batches_by_root ON batches (checker, epoch, root);
CALL append_only('batches');

CREATE TABLE batch_leaves (
    batch BIGINT NOT NULL,
    index INTEGER NOT NULL CHECK (index >= 0),
    leaf BIGINT NOT NULL,
    PRIMARY KEY (batch, index)
);
CREATE INDEX batch_leaves_by_leaf ON batch_leaves (leaf);
CALL append_only('batch_leaves');

-- Projection: batches that wait for signatures.
CREATE TABLE open_batches (
    batch BIGINT PRIMARY KEY REFERENCES batches (id)
);

CREATE TABLE attestations (
    batch BIGINT NOT NULL REFERENCES batches (id),
    attestor address20 NOT NULL,
    signature signature65 NOT NULL,
    token UUID,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (batch, attestor)
);
CALL append_only('attestations');

-- Whether a statement must not be signed or handed out now: the one place of the rule that decides when states change.
-- DELIVER needs both islands active and both gateways neither paused nor suspended; REFUSE is signed whatever happens; what
-- states a packet's end needs only that the island it ended on is not frozen.
CREATE VIEW leaf_holds AS
SELECT leaf.position,
       leaf.held,
       state.disputed OR CASE leaf.kind
           WHEN 1 THEN from_island.state <> 'active' OR to_island.state <> 'active'
                       OR from_gateway.suspended OR to_gateway.suspended
                       OR from_gateway.state = 'paused' OR to_gateway.state = 'paused'
           WHEN 2 THEN FALSE
           ELSE to_island.state = 'frozen'
       END AS holds
FROM leaves AS leaf
JOIN packet_states AS state ON state.packet = leaf.packet
JOIN gateways AS source ON source.id = CASE WHEN leaf.kind <= 2 THEN leaf.other ELSE leaf.checker END
JOIN gateways AS destination ON destination.id = CASE WHEN leaf.kind <= 2 THEN leaf.checker ELSE leaf.other END
JOIN gateway_states AS from_gateway ON from_gateway.gateway = source.id
JOIN gateway_states AS to_gateway ON to_gateway.gateway = destination.id
JOIN island_states AS from_island ON from_island.island = source.island
JOIN island_states AS to_island ON to_island.island = destination.island
WHERE NOT leaf.done;
