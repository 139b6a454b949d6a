-- Whether a build that is being made is still its owner's.
SELECT FROM projection WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND NOT live FOR UPDATE
