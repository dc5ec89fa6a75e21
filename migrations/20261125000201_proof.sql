-- A chain proves by itself that it is registered by whoever holds its gateway: states before the approval and after the end, and
-- who claims which gateway.

ALTER TABLE island_states DROP CONSTRAINT island_states_state_check;
ALTER TABLE island_states ADD CONSTRAINT island_states_state_check
    CHECK (state IN ('pending', 'proven', 'active', 'suspended', 'frozen', 'retiring', 'retired'));

ALTER TABLE island_changes DROP CONSTRAINT island_changes_change_check;
ALTER TABLE island_changes DROP CONSTRAINT island_changes_state_check;
-- The one over both columns, which has no name of its own.
ALTER TABLE island_changes DROP CONSTRAINT island_changes_check;
ALTER TABLE island_changes ADD CONSTRAINT island_changes_change_check CHECK (change IN
    ('registered', 'proven', 'approved', 'suspended', 'resumed', 'frozen', 'retiring', 'retired'));
ALTER TABLE island_changes ADD CONSTRAINT island_changes_state_check CHECK (state IN
    ('pending', 'proven', 'active', 'suspended', 'frozen', 'retiring', 'retired'));
-- Mirrors the state machine: what each change leads to.
ALTER TABLE island_changes ADD CONSTRAINT island_changes_leads_to_check CHECK (state = CASE change
    WHEN 'registered' THEN 'pending' WHEN 'approved' THEN 'active' WHEN 'resumed' THEN 'active' ELSE change END);

-- Mirrors the state machine: which state follows which. An approval needs a proof, and nothing leads out of retired.
CREATE FUNCTION check_island_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (CASE NEW.state
        WHEN 'proven' THEN OLD.state = 'pending'
        WHEN 'active' THEN OLD.state IN ('proven', 'suspended')
        WHEN 'suspended' THEN OLD.state = 'active'
        WHEN 'frozen' THEN OLD.state IN ('pending', 'proven', 'active', 'suspended', 'retiring')
        WHEN 'retiring' THEN OLD.state IN ('active', 'suspended')
        WHEN 'retired' THEN OLD.state IN ('pending', 'proven', 'frozen', 'retiring')
        ELSE FALSE
    END) THEN
        RAISE EXCEPTION 'an island that is % does not become %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER island_steps BEFORE UPDATE OF state ON island_states FOR EACH ROW EXECUTE FUNCTION check_island_step();

-- Who says that a gateway is theirs. A claim takes nothing from anybody: several may name one gateway, and the chain decides. The
-- id was checked against island, address and birth, so that one id has one address.
CREATE TABLE gateway_claims (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway id32 NOT NULL,
    island id32 NOT NULL REFERENCES islands (id),
    address BYTEA NOT NULL CHECK (octet_length(address) BETWEEN 1 AND 256),
    birth id32 NOT NULL,
    owner address20 NOT NULL,
    token UUID,
    actor TEXT NOT NULL,
    claimed_at TIMESTAMPTZ NOT NULL,
    UNIQUE (gateway, owner)
);
CREATE INDEX gateway_claims_by_island ON gateway_claims (island);
CALL append_only('gateway_claims');

-- A gateway is entered once its `Opened` is recorded, with the owner named there. Of those registered before, the owner is not known.
ALTER TABLE gateways ADD COLUMN owner address20;
-- Whether somebody claims it under the owner that its `Opened` names. Nothing is delivered to or from one that nobody does.
ALTER TABLE gateway_states ADD COLUMN proven BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE gateway_states ALTER COLUMN proven DROP DEFAULT;

-- As before, and: nothing that happened on an island is signed before the island is approved or after it is retired, and nothing
-- at all that happened on a frozen one.
CREATE OR REPLACE VIEW leaf_holds AS
SELECT leaf.position,
       leaf.held,
       state.disputed OR CASE leaf.kind
           WHEN 1 THEN from_island.state <> 'active' OR to_island.state <> 'active'
                       OR from_gateway.suspended OR to_gateway.suspended
                       OR from_gateway.state = 'paused' OR to_gateway.state = 'paused'
                       OR NOT from_gateway.proven OR NOT to_gateway.proven
           WHEN 2 THEN from_island.state IN ('pending', 'proven', 'frozen', 'retired')
           ELSE to_island.state IN ('pending', 'proven', 'frozen', 'retired')
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
