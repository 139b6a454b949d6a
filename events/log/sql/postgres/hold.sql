-- Keeps one's own lease of the epoch $4; takes one that is free, has run out or is one's own, under a new epoch.
INSERT INTO lease (role, owner, epoch, until) VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, until = excluded.until,
    epoch = lease.epoch + ((lease.owner, lease.epoch) IS DISTINCT FROM (excluded.owner, $4))::int
WHERE lease.owner = excluded.owner OR lease.until < clock_timestamp()
RETURNING epoch, position, place
