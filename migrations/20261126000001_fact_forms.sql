-- What a fact of the log is, declared in one line for each form: view, triggers and queue follow from the declarations.

-- Every form of a fact (docs/formats.md, Log) and the rows that are of it. Expressions are SQL over a row of the table.
CREATE TABLE fact_forms (
    form SMALLINT PRIMARY KEY CHECK (form BETWEEN 1 AND 255),
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    number TEXT NOT NULL,
    condition TEXT NOT NULL,
    ordering TEXT NOT NULL
);

-- Append-only tables whose rows are no facts of their own, and why.
CREATE TABLE not_facts (
    source TEXT PRIMARY KEY,
    why TEXT NOT NULL CHECK (why <> '')
);

-- A fact has to read the same for ever.
CREATE PROCEDURE needs_append_only(source regclass) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = source AND tgname = 'append_only') THEN
        RAISE EXCEPTION 'table % is not append-only: CALL append_only(''%'') first', source, source;
    END IF;
END
$$;

-- The rows of one form in `rows`, as keys of the log.
CREATE FUNCTION fact_keys(of fact_forms, rows text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT %s::smallint AS form, (%s)::bytea AS subject, (%s)::numeric AS number FROM %s WHERE %s',
                  of.form, of.subject, of.number, rows, of.condition)
$$;

-- Makes rows of an append-only table facts: those where `condition` holds, each under (form, subject, number), which is unique. New
-- ones wait for the log from now on, and those that were recorded before wait too. Rows of one statement wait in the given order.
CREATE PROCEDURE fact_form(
    form int, source regclass, subject text, number text, condition text DEFAULT 'true', ordering text DEFAULT '1, 2, 3'
) LANGUAGE plpgsql AS $$
DECLARE
    declared fact_forms;
    waits text;
    everything text;
BEGIN
    CALL needs_append_only(source);
    DELETE FROM not_facts WHERE not_facts.source = fact_form.source::text;
    INSERT INTO fact_forms VALUES (form, source, subject, number, condition, ordering) RETURNING * INTO declared;

    SELECT string_agg(fact_keys(fact_forms, fact_forms.source), ' UNION ALL ' ORDER BY fact_forms.form) INTO everything FROM fact_forms;
    EXECUTE 'CREATE OR REPLACE VIEW log_facts AS ' || everything;

    -- One function for each table: it may hold facts of several forms.
    SELECT string_agg(format('INSERT INTO log_waiting (form, subject, number) %s ORDER BY %s;',
                             fact_keys(fact_forms, 'fresh'), fact_forms.ordering), ' ' ORDER BY fact_forms.form)
        INTO waits FROM fact_forms WHERE fact_forms.source = fact_form.source::text;
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS %L',
                   'log_waits_' || source::text, 'BEGIN ' || waits || ' RETURN NULL; END');
    EXECUTE format('CREATE OR REPLACE TRIGGER logged AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %I()', source, 'log_waits_' || source::text);

    -- The trigger's lock kept everybody else from inserting since.
    EXECUTE format('INSERT INTO log_waiting (form, subject, number) SELECT * FROM (%s ORDER BY %s) AS fact '
                   'WHERE NOT EXISTS (SELECT FROM log_entries AS entry '
                   'WHERE (entry.form, entry.subject, entry.number) = (fact.form, fact.subject, fact.number)) '
                   'ON CONFLICT DO NOTHING', fact_keys(declared, source::text), ordering);
END
$$;

-- Says that the rows of an append-only table are no facts of their own.
CREATE PROCEDURE not_a_fact(source regclass, why text) LANGUAGE plpgsql AS $$
BEGIN
    CALL needs_append_only(source);
    IF EXISTS (SELECT FROM fact_forms WHERE fact_forms.source = not_a_fact.source::text) THEN
        RAISE EXCEPTION 'table % holds facts already', source;
    END IF;
    INSERT INTO not_facts VALUES (source, why);
END
$$;

-- A leaf's form was read back by its loader, which knows what forms there are.
ALTER TABLE log_entries DROP CONSTRAINT log_entries_form_check;

-- It is made again by the first declaration.
DROP VIEW log_facts;

CALL fact_form(1, 'islands', subject => 'id', number => '0');
CALL fact_form(2, 'gateways', subject => 'id', number => '0');
-- The registration is the fact of form 1 already.
CALL fact_form(3, 'island_changes', subject => 'island', number => 'position', condition => 'change <> ''registered''', ordering => 'position');
CALL fact_form(4, 'gateway_suspensions', subject => 'gateway', number => 'position', ordering => 'position');
CALL fact_form(5, 'evidence', subject => '''''', number => 'sequence', ordering => 'sequence');
CALL fact_form(6, 'gateway_events', subject => 'gateway', number => 'number', ordering => 'evidence, gateway, number');
CALL fact_form(7, 'misbehaviours', subject => 'island::bytea || digest::bytea', number => '0');
CALL fact_form(8, 'tokens', subject => 'uuid_send(id)', number => '0');
CALL fact_form(9, 'token_revocations', subject => 'uuid_send(token)', number => '0');
CALL fact_form(10, 'attestations', subject => 'attestor', number => 'batch', ordering => 'batch');
CALL fact_form(11, 'token_rotations', subject => 'uuid_send(token)', number => '0');
CALL fact_form(12, 'gateway_claims', subject => 'gateway::bytea || owner::bytea', number => '0', ordering => 'position');

CALL not_a_fact('client_states', 'follows from the anchor and the evidence (forms 1 and 5), which are verified again to it');
CALL not_a_fact('headers', 'follows from the evidence (form 5)');
CALL not_a_fact('attestor_sets', 'follows from the events Opened and AttestorsRotated (form 6)');
CALL not_a_fact('event_conflicts', 'is in evidence (form 5), and suspends its gateway (form 4)');
CALL not_a_fact('packets', 'follows from the event PacketSent (form 6), which names its id');
CALL not_a_fact('packet_conflicts', 'is in evidence (form 5), and suspends its gateway (form 4)');
CALL not_a_fact('unverified_evidence', 'proves nothing: it came for an island that was frozen');
CALL not_a_fact('batches', 'is a proposal to attestors; what they signed is form 10');
CALL not_a_fact('batch_leaves', 'is under the root that attestors signed (form 10)');
CALL not_a_fact('log_entries', 'is the log itself');
CALL not_a_fact('log_tiles', 'is the log itself');
CALL not_a_fact('log_checkpoints', 'is the log itself');

DROP PROCEDURE logged(regclass);
DROP FUNCTION log_waits();
