-- The transparency log: every recorded fact becomes a leaf, in the order of commits.

-- What is a fact, as (form, subject, number); forms are those of the canonical encoding (docs/formats.md, Log).
CREATE VIEW log_facts AS
    SELECT 1::smallint AS form, id::bytea AS subject, 0::numeric AS number FROM islands
    UNION ALL SELECT 2, id, 0 FROM gateways
    -- The registration is the fact of form 1 already.
    UNION ALL SELECT 3, island, position FROM island_changes WHERE change <> 'registered'
    UNION ALL SELECT 4, gateway, position FROM gateway_suspensions
    UNION ALL SELECT 5, '\x', sequence FROM evidence
    UNION ALL SELECT 6, gateway, number FROM gateway_events
    UNION ALL SELECT 7, island::bytea || digest::bytea, 0 FROM misbehaviours
    UNION ALL SELECT 8, uuid_send(id), 0 FROM tokens
    UNION ALL SELECT 9, uuid_send(token), 0 FROM token_revocations
    UNION ALL SELECT 10, attestor, batch FROM attestations;

-- The leaves. The salt is shown in bundles only.
CREATE TABLE log_entries (
    index BIGINT PRIMARY KEY CHECK (index >= 0),
    form SMALLINT NOT NULL CHECK (form BETWEEN 1 AND 10),
    subject BYTEA NOT NULL,
    number uint64 NOT NULL,
    salt bytes32 NOT NULL,
    entry BYTEA NOT NULL CHECK (octet_length(entry) = 34),
    -- A fact is a leaf once.
    UNIQUE (form, subject, number)
);
CALL append_only('log_entries');

-- Full tiles of 256 hashes. What is not full follows from log_entries and from the roots of the level below.
CREATE TABLE log_tiles (
    level SMALLINT NOT NULL CHECK (level BETWEEN 0 AND 7),
    index BIGINT NOT NULL CHECK (index >= 0),
    hashes BYTEA NOT NULL CHECK (octet_length(hashes) = 8192),
    root id32 NOT NULL,
    PRIMARY KEY (level, index)
);
-- Hashes do not compress.
ALTER TABLE log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
CALL append_only('log_tiles');

-- What was signed, with the witnesses' cosignatures that had come by then.
CREATE TABLE log_checkpoints (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size BIGINT NOT NULL CHECK (size >= 0),
    root id32 NOT NULL,
    note TEXT NOT NULL CHECK (note <> ''),
    published_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX log_checkpoints_newest ON log_checkpoints (size DESC, position DESC);
CALL append_only('log_checkpoints');

-- One row: how far the tree has grown, and who may grow it until when. It moves by compare-and-swap on size and holder. A projection.
CREATE TABLE log_head (
    id BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (id),
    size BIGINT NOT NULL DEFAULT 0 CHECK (size >= 0),
    root id32 NOT NULL DEFAULT sha256(''),
    holder UUID,
    held_until TIMESTAMPTZ,
    CHECK ((holder IS NULL) = (held_until IS NULL))
);
INSERT INTO log_head DEFAULT VALUES;

-- Facts that are not leaves yet: what an anti-join of log_facts with log_entries answers, kept up to date by those who record.
-- A transaction that commits late puts its facts here late, and they are taken then: nothing is skipped. A projection.
CREATE TABLE log_waiting (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    form SMALLINT NOT NULL,
    subject BYTEA NOT NULL,
    number uint64 NOT NULL,
    UNIQUE (form, subject, number)
);

CREATE FUNCTION log_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'islands' THEN INSERT INTO log_waiting (form, subject, number) SELECT 1, id, 0 FROM fresh;
    WHEN 'gateways' THEN INSERT INTO log_waiting (form, subject, number) SELECT 2, id, 0 FROM fresh;
    WHEN 'island_changes' THEN INSERT INTO log_waiting (form, subject, number)
        SELECT 3, island, position FROM fresh WHERE change <> 'registered' ORDER BY position;
    WHEN 'gateway_suspensions' THEN INSERT INTO log_waiting (form, subject, number)
        SELECT 4, gateway, position FROM fresh ORDER BY position;
    WHEN 'evidence' THEN INSERT INTO log_waiting (form, subject, number) SELECT 5, '\x', sequence FROM fresh ORDER BY sequence;
    WHEN 'gateway_events' THEN INSERT INTO log_waiting (form, subject, number)
        SELECT 6, gateway, number FROM fresh ORDER BY evidence, gateway, number;
    WHEN 'misbehaviours' THEN INSERT INTO log_waiting (form, subject, number)
        SELECT 7, island::bytea || digest::bytea, 0 FROM fresh;
    WHEN 'tokens' THEN INSERT INTO log_waiting (form, subject, number) SELECT 8, uuid_send(id), 0 FROM fresh;
    WHEN 'token_revocations' THEN INSERT INTO log_waiting (form, subject, number) SELECT 9, uuid_send(token), 0 FROM fresh;
    WHEN 'attestations' THEN INSERT INTO log_waiting (form, subject, number) SELECT 10, attestor, batch FROM fresh ORDER BY batch;
    END CASE;
    RETURN NULL;
END
$$;

-- Makes the rows of a table facts that wait for the log.
CREATE PROCEDURE logged(name regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER logged AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh '
                   'FOR EACH STATEMENT EXECUTE FUNCTION log_waits()', name);
END
$$;
CALL logged('islands');
CALL logged('gateways');
CALL logged('island_changes');
CALL logged('gateway_suspensions');
CALL logged('evidence');
CALL logged('gateway_events');
CALL logged('misbehaviours');
CALL logged('tokens');
CALL logged('token_revocations');
CALL logged('attestations');

-- What was recorded before there was a log.
INSERT INTO log_waiting (form, subject, number) SELECT form, subject, number FROM log_facts;
