-- Takes a lease that is free, has expired, or belongs to this owner, under a new epoch.
INSERT INTO lease (role, owner, epoch, until) VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, until = excluded.until, epoch = lease.epoch + 1
WHERE lease.owner = excluded.owner OR lease.until < clock_timestamp()
RETURNING epoch, position, place
