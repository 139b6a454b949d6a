UPDATE projection SET until = clock_timestamp() + make_interval(secs => $5)
WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4
