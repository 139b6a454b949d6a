-- Takes a live build that has no owner, or has this owner already.
UPDATE projection SET epoch = greatest(nextval('epoch'), epoch + 1), owner = $4,
    until = clock_timestamp() + make_interval(secs => $5)
WHERE name = $1 AND version = $2 AND build = $3 AND live AND (owner = $4 OR until < clock_timestamp()) RETURNING epoch
