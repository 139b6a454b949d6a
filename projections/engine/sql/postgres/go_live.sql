-- There is one live build at most: an index refuses a second one.
WITH moved AS (
    UPDATE projection SET live = true, epoch = greatest(nextval('epoch'), epoch + 1), stopped_at = NULL, why = NULL
    WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND NOT live RETURNING epoch
)
SELECT epoch, pg_notify('frontdoor_views', 'changed') FROM moved
