-- Rows and checkpoint in one statement, which is one transaction, if the build is still its owner's and where it left it.
-- Processes that wait for it are notified.
WITH moved AS (
    UPDATE projection SET position = $5, event_id = $6, recorded_at = $7, stopped_at = NULL, why = NULL
    WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND position = $8 RETURNING 1
), put AS (
    INSERT INTO :table (partition, sort, row)
    SELECT new.partition, new.sort, new.row
    FROM unnest($9::text[], $10::text[], $11::bytea[]) AS new (partition, sort, row) WHERE EXISTS (SELECT FROM moved)
    ON CONFLICT (partition, sort) DO UPDATE SET row = excluded.row
), gone AS (
    DELETE FROM :table AS old USING unnest($12::text[], $13::text[]) AS gone (partition, sort)
    WHERE old.partition = gone.partition AND old.sort = gone.sort AND EXISTS (SELECT FROM moved)
)
SELECT pg_notify('frontdoor_views', $14) FROM moved
