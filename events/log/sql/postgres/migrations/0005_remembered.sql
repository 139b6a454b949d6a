-- Decisions that stored no event (a refusal, or nothing new), each with its command's key, so that a repeat gets the
-- same answer. Kept for a limited time; the key of a command that stored events is in `event`, permanently.
CREATE TABLE remembered (
    command_key  bytea PRIMARY KEY,
    request_hash bytea NOT NULL,
    -- the highest position of an event on which it was decided
    position     bigint NOT NULL,
    -- microseconds since 1970
    decided_at   bigint NOT NULL,
    -- the decision, in the form of the command side
    outcome      bytea NOT NULL
);
-- Serves: the removal of what has been remembered for long enough.
CREATE INDEX remembered_decided_at ON remembered (decided_at);

-- As the function of 12 parameters, which stays for servers of the version before: those that run while the schema is
-- migrated go on, and neither add to `remembered` nor look there.
--
-- `commands` are the keys of the batch that must not be in `remembered`: one lookup each in its primary key. The
-- columns r_* are the decisions to remember. A position above `known` is one that this batch gives, so it moves with
-- the true end of the log.
CREATE FUNCTION append(known bigint, streams text[], assumed bigint[], keys bytea[], clock bigint,
    e_stream text[], e_revision bigint[], e_id uuid[], e_kind text[], e_key bytea[], e_meta bytea[], e_data bytea[],
    commands bytea[], r_key bytea[], r_hash bytea[], r_position bigint[], r_outcome bytea[],
    OUT stored boolean, OUT base bigint, OUT positions bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    recorded bigint;
    revisions bigint[];
BEGIN
    SELECT * INTO base, recorded, revisions, positions FROM look(streams);
    stored := base >= known AND revisions = assumed;
    IF stored AND cardinality(keys) > 0 THEN
        stored := NOT EXISTS (SELECT FROM unnest(keys) AS asked (key) JOIN event ON event.command_key = asked.key);
    END IF;
    IF stored AND cardinality(commands) > 0 THEN
        stored := NOT EXISTS (
            SELECT FROM unnest(commands) AS asked (key) JOIN remembered ON remembered.command_key = asked.key);
    END IF;
    IF stored AND cardinality(r_key) > 0 THEN
        INSERT INTO remembered (command_key, request_hash, position, decided_at, outcome)
        SELECT new.key, new.hash, CASE WHEN new.position > known THEN new.position - known + base ELSE new.position END,
            greatest(clock, recorded), new.outcome
        FROM unnest(r_key, r_hash, r_position, r_outcome) AS new (key, hash, position, outcome);
    END IF;
    IF stored THEN
        INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data)
        SELECT base + new.n, new.stream, new.revision, new.id, new.kind, greatest(clock, recorded),
            new.key, new.meta, new.data
        FROM unnest(e_stream, e_revision, e_id, e_kind, e_key, e_meta, e_data)
            WITH ORDINALITY AS new (stream, revision, id, kind, key, meta, data, n);
    END IF;
-- Here, and not in the node: PostgreSQL writes every violation that leaves a statement into its own log.
EXCEPTION WHEN unique_violation THEN
    stored := false;
END $$;
