UPDATE lease SET position = $4, place = $5 WHERE role = $1 AND owner = $2 AND epoch = $3
