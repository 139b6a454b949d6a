UPDATE projection SET until = '-infinity' WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4
