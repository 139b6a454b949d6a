UPDATE lease SET until = '-infinity' WHERE role = $1 AND owner = $2 AND epoch = $3
