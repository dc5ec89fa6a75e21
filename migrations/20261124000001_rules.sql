-- Types that carry their own rules, and the rule that history is not rewritten.

-- What the protocol calls uint64: heights, numbers, sequences, timeouts go up to 2^64 - 1, which BIGINT does not.
CREATE DOMAIN uint64 AS NUMERIC(20, 0) CHECK (VALUE BETWEEN 0 AND 18446744073709551615);
-- A 32-byte value that may be zero, as the result of a statement that has none.
CREATE DOMAIN bytes32 AS BYTEA CHECK (octet_length(VALUE) = 32);
-- An id or a digest: never zero.
CREATE DOMAIN id32 AS BYTEA CHECK (octet_length(VALUE) = 32 AND VALUE <> '\x0000000000000000000000000000000000000000000000000000000000000000');
CREATE DOMAIN address20 AS BYTEA CHECK (octet_length(VALUE) = 20);
CREATE DOMAIN signature65 AS BYTEA CHECK (octet_length(VALUE) = 65);
-- Block hashes of other families are not all 32 bytes long.
CREATE DOMAIN block_id AS BYTEA CHECK (octet_length(VALUE) BETWEEN 1 AND 64 AND VALUE <> '\x0000000000000000000000000000000000000000000000000000000000000000');

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

-- Makes a table append-only. Tables without it are projections: they can be rebuilt from the append-only ones.
CREATE PROCEDURE append_only(name regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
END
$$;

-- One row, locked by every transaction that records: what is numbered here is numbered in the order of commits, without
-- gaps, so that whoever follows a number never misses an earlier one that was committed later. A projection.
CREATE TABLE tails (
    id BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (id),
    evidence BIGINT NOT NULL DEFAULT 0,
    packets BIGINT NOT NULL DEFAULT 0,
    leaves BIGINT NOT NULL DEFAULT 0,
    batches BIGINT NOT NULL DEFAULT 0,
    ready BIGINT NOT NULL DEFAULT 0
);
INSERT INTO tails DEFAULT VALUES;
