WITH told AS (
    UPDATE projection SET stopped_at = $5, why = $6 WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4
    RETURNING 1
)
SELECT pg_notify('frontdoor_views', 'changed') FROM told
