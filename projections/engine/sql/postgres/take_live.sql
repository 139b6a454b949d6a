UPDATE projection SET epoch = greatest(nextval('epoch'), epoch + 1), owner = $3,
    until = clock_timestamp() + make_interval(secs => $4)
WHERE name = $1 AND version = $2 AND live RETURNING build, epoch
