-- The live build is read no more. Its owner learns that from its epoch.
UPDATE projection SET live = false, epoch = greatest(nextval('epoch'), epoch + 1), owner = NULL, until = '-infinity'
WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND live
