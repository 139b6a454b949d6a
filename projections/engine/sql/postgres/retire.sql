-- Queries stop reading this build. The new epoch tells its owner.
UPDATE projection SET live = false, epoch = greatest(nextval('epoch'), epoch + 1)
WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND live
