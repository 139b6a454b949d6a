-- Keeps the lease of an epoch, also after it has expired, unless another owner has taken it.
UPDATE lease SET until = clock_timestamp() + make_interval(secs => $3) WHERE role = $1 AND owner = $2 AND epoch = $4
RETURNING epoch, position, place
