-- Islands, their gateways, and what their light clients know.

CREATE TABLE islands (
    id id32 PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9-]{1,64}$'),
    family TEXT NOT NULL CHECK (family <> ''),
    fingerprint id32 NOT NULL,
    anchor block_id NOT NULL,
    anchor_height uint64 NOT NULL,
    anchor_bytes BYTEA NOT NULL CHECK (octet_length(anchor_bytes) > 0),
    registered_by UUID,
    registered_at TIMESTAMPTZ NOT NULL
);
CALL append_only('islands');

-- Who changed an island's state, when and why.
CREATE TABLE island_changes (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    island id32 NOT NULL REFERENCES islands (id),
    change TEXT NOT NULL CHECK (change IN ('registered', 'approved', 'suspended', 'resumed', 'frozen', 'retired')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'frozen', 'retired')),
    token UUID,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    -- Mirrors the state machine: what each change leads to.
    CHECK (state = CASE change WHEN 'registered' THEN 'pending' WHEN 'approved' THEN 'active' WHEN 'resumed' THEN 'active' ELSE change END)
);
CREATE INDEX island_changes_by_island ON island_changes (island, position);
CALL append_only('island_changes');

-- Every state of an island's light client, from the anchor on.
CREATE TABLE client_states (
    island id32 NOT NULL REFERENCES islands (id),
    position BIGINT NOT NULL CHECK (position >= 1),
    height uint64 NOT NULL,
    hash block_id NOT NULL,
    time uint64 NOT NULL,
    bytes BYTEA NOT NULL CHECK (octet_length(bytes) > 0),
    -- The evidence that led to it; none for the anchor and for freezing.
    evidence BIGINT,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (island, position)
);
CREATE INDEX client_states_by_height ON client_states (island, height, position);
CALL append_only('client_states');

-- Projection: where an island stands now. Its head is what a run has to link to.
CREATE TABLE island_states (
    island id32 PRIMARY KEY REFERENCES islands (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'frozen', 'retired')),
    client BIGINT NOT NULL CHECK (client >= 1),
    head_height uint64 NOT NULL,
    head_hash block_id NOT NULL,
    head_time uint64 NOT NULL,
    -- Of its newest evidence: it never decreases along an island's evidence.
    recorded_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- Recorded headers: where a back-fill can end. No foreign keys from here on where rows come by the thousand: each would
-- cost a look-up a row, and only `record` writes these tables.
CREATE TABLE headers (
    island id32 NOT NULL,
    height uint64 NOT NULL,
    hash block_id NOT NULL,
    parent block_id,
    time uint64 NOT NULL,
    PRIMARY KEY (island, height)
);
CALL append_only('headers');

CREATE TABLE gateways (
    id id32 PRIMARY KEY,
    island id32 NOT NULL REFERENCES islands (id),
    address BYTEA NOT NULL CHECK (octet_length(address) BETWEEN 1 AND 256),
    registered_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX gateways_by_island ON gateways (island);
CALL append_only('gateways');

-- Every attestor set a gateway was proven to have.
CREATE TABLE attestor_sets (
    gateway id32 NOT NULL REFERENCES gateways (id),
    epoch uint64 NOT NULL CHECK (epoch >= 1),
    number uint64 NOT NULL CHECK (number >= 1),
    threshold SMALLINT NOT NULL,
    attestors BYTEA[] NOT NULL,
    PRIMARY KEY (gateway, epoch),
    CHECK (cardinality(attestors) BETWEEN 1 AND 32 AND 2 * threshold > cardinality(attestors)
           AND threshold <= cardinality(attestors))
);
CALL append_only('attestor_sets');

-- When and why the hub suspended a gateway.
CREATE TABLE gateway_suspensions (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway id32 NOT NULL REFERENCES gateways (id),
    reason TEXT NOT NULL CHECK (reason IN ('two-events', 'two-packets', 'two-outcomes', 'not-its-packet')),
    -- The event that contradicts an earlier one.
    number uint64 NOT NULL,
    evidence BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CALL append_only('gateway_suspensions');

-- Projection: where a gateway stands now, and where the recording of its events stands.
CREATE TABLE gateway_states (
    gateway id32 PRIMARY KEY REFERENCES gateways (id),
    state TEXT NOT NULL CHECK (state IN ('registered', 'open', 'paused', 'closed')),
    -- The number of the event that led to this state: an older one that is recorded later changes nothing.
    state_number uint64 NOT NULL,
    suspended BOOLEAN NOT NULL,
    epoch uint64 NOT NULL,
    threshold SMALLINT NOT NULL,
    attestors BYTEA[] NOT NULL,
    -- The last number up to which every event is recorded, and its height; the highest number recorded.
    cursor_number uint64 NOT NULL,
    cursor_height uint64 NOT NULL,
    highest uint64 NOT NULL,
    CHECK (cursor_number <= highest),
    -- Mirrors the state machine: a gateway has attestors from its first event on, and no state without it.
    CHECK ((state = 'registered') = (epoch = 0)),
    CHECK ((state = 'registered') = (cursor_number = 0)),
    CHECK ((epoch = 0) = (threshold = 0) AND (epoch = 0) = (cardinality(attestors) = 0))
) WITH (fillfactor = 50);
