-- Takes a lease under a new epoch, also from another owner.
INSERT INTO lease (role, owner, epoch, until) VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, until = excluded.until, epoch = lease.epoch + 1
RETURNING epoch, position, place
