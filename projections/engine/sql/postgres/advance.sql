-- Moves the checkpoints of several builds that have no rows to save, each if the build is still its owner's and where it left it.
-- Rows that are locked are left out, so that one does not hold up the others. Processes that wait are notified once for all of them:
-- each process gets each notification. One of 8,000 bytes or more is refused, and with it the statement.
WITH step AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::bigint[],
                         $9::text[])
        AS step (name, version, build, epoch, was, position, event_id, recorded_at, told)
), free AS (
    SELECT step.* FROM step JOIN projection
        ON projection.name = step.name AND projection.version = step.version AND projection.build = step.build
        AND projection.epoch = step.epoch AND projection.position = step.was
    FOR NO KEY UPDATE OF projection SKIP LOCKED
), moved AS (
    UPDATE projection
    SET position = free.position, event_id = free.event_id, recorded_at = free.recorded_at, stopped_at = NULL, why = NULL
    FROM free
    WHERE projection.name = free.name AND projection.version = free.version AND projection.build = free.build
    RETURNING projection.name, free.told
)
SELECT array_agg(name), pg_notify('frontdoor_views', string_agg(told, E'\n')) FROM moved HAVING count(*) > 0
