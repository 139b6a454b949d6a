-- The end of the log and the heads of some streams, under the lock of the log, which lasts until the transaction ends.
-- VOLATILE, so that each statement after the lock has a snapshot of its own: one that is older than the wait for the
-- lock lets two nodes commit a write skew. An advisory lock and no row that is updated: under an old snapshot of
-- somebody else (a backup) such a row grows slower with every batch.
CREATE FUNCTION look(streams text[],
    OUT base bigint, OUT recorded bigint, OUT revisions bigint[], OUT positions bigint[])
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('frontdoor'), hashtext(current_schema()));
    SELECT event.position, event.recorded_at INTO base, recorded FROM event ORDER BY event.position DESC LIMIT 1;
    base := coalesce(base, 0);
    recorded := coalesce(recorded, 0);
    SELECT coalesce(array_agg(coalesce(head.revision, 0) ORDER BY asked.n), '{}'),
           coalesce(array_agg(coalesce(head.position, 0) ORDER BY asked.n), '{}')
    INTO revisions, positions
    FROM unnest(streams) WITH ORDINALITY AS asked (stream, n)
    LEFT JOIN LATERAL (
        SELECT event.revision, event.position FROM event
        WHERE event.stream = asked.stream ORDER BY event.revision DESC LIMIT 1
    ) AS head ON true;
END $$;

-- A batch that was decided on assumed heads, in one round trip: stored as a whole if every head is as assumed and none
-- of the command keys has been stored; otherwise nothing is stored, and the node decides again on what is true.
CREATE FUNCTION append(streams text[], assumed bigint[], keys bytea[], clock bigint,
    e_stream text[], e_revision bigint[], e_id uuid[], e_kind text[], e_key bytea[], e_meta bytea[], e_data bytea[],
    OUT stored boolean, OUT base bigint, OUT positions bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    recorded bigint;
    revisions bigint[];
BEGIN
    SELECT * INTO base, recorded, revisions, positions FROM look(streams);
    stored := revisions = assumed
        AND NOT EXISTS (SELECT FROM unnest(keys) AS asked (key) JOIN event ON event.command_key = asked.key);
    IF stored THEN
        INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data)
        SELECT base + new.n, new.stream, new.revision, new.id, new.kind, greatest(clock, recorded),
            new.key, new.meta, new.data
        FROM unnest(e_stream, e_revision, e_id, e_kind, e_key, e_meta, e_data)
            WITH ORDINALITY AS new (stream, revision, id, kind, key, meta, data, n);
    END IF;
END $$;
