DELETE FROM projection WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND NOT live
