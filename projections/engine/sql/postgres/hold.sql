-- A live build that nobody owns, or that is this owner's own.
UPDATE projection SET epoch = greatest(nextval('epoch'), epoch + 1), owner = $4,
    until = clock_timestamp() + make_interval(secs => $5)
WHERE name = $1 AND version = $2 AND build = $3 AND live AND (owner = $4 OR until < clock_timestamp()) RETURNING epoch
