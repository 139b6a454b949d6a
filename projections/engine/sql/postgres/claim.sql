-- The owner of the lease takes the live build under a new epoch.
UPDATE projection SET epoch = greatest(nextval('epoch'), epoch + 1)
WHERE name = $1 AND version = $2 AND build = $3 AND live AND EXISTS (SELECT FROM lease WHERE role = $4 AND epoch = $5 AND owner = $6)
RETURNING epoch
