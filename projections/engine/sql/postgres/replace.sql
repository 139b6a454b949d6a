WITH moved AS (
    UPDATE projection SET live = (build = $3), stopped_at = NULL, why = NULL
    WHERE name = $1 AND version = $2 AND build IN ($3, $4) RETURNING 1
)
SELECT pg_notify('frontdoor_views', 'changed') FROM moved LIMIT 1
