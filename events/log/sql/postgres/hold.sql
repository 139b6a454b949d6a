-- Takes a lease that is free or has run out, or keeps one's own.
INSERT INTO lease (role, owner, epoch, until) VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, until = excluded.until,
    epoch = lease.epoch + (lease.owner <> excluded.owner)::int
WHERE lease.owner = excluded.owner OR lease.until < clock_timestamp()
RETURNING epoch, position, place
