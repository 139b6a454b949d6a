-- A batch that was decided on assumed heads, in one round trip: stored as a whole if all that it was decided on is so;
-- otherwise nothing is stored, and the node decides again on what is true.
--
-- `streams` and `assumed` are the heads to compare, `keys` the commands that must not be stored: only those that the
-- unique indexes do not compare anyway. They do where an event is added to a stream whose last revision the node itself
-- has seen committed: it cannot leave a gap, and a revision that somebody else has given meanwhile is a violation. So is
-- the key of an event that is added. `known` is how far the node has seen the log: a database that has lost the end of
-- it (somebody made a standby the primary too early) is no longer the one in which the revisions were seen.
DROP FUNCTION append(text[], bigint[], bytea[], bigint, text[], bigint[], uuid[], text[], bytea[], bytea[], bytea[]);
CREATE FUNCTION append(known bigint, streams text[], assumed bigint[], keys bytea[], clock bigint,
    e_stream text[], e_revision bigint[], e_id uuid[], e_kind text[], e_key bytea[], e_meta bytea[], e_data bytea[],
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
