-- Rows and checkpoint in one statement, which is one transaction, if the build is still its owner's and where he left it;
-- whoever waits for it is told.
WITH moved AS (
    UPDATE projection SET position = $5, event_id = $6, recorded_at = $7, stopped_at = NULL, why = NULL,
        until = clock_timestamp() + make_interval(secs => $8)
    WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND position = $9 RETURNING 1
), put AS (
    INSERT INTO :table (partition, sort, row)
    SELECT new.partition, new.sort, new.row
    FROM unnest($10::text[], $11::text[], $12::bytea[]) AS new (partition, sort, row) WHERE EXISTS (SELECT FROM moved)
    ON CONFLICT (partition, sort) DO UPDATE SET row = excluded.row
), gone AS (
    DELETE FROM :table AS old USING unnest($13::text[], $14::text[]) AS gone (partition, sort)
    WHERE old.partition = gone.partition AND old.sort = gone.sort AND EXISTS (SELECT FROM moved)
)
SELECT pg_notify('frontdoor_views', $15) FROM moved
