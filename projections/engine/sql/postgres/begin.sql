-- A new build. A process of an earlier version may have given numbers that are not in `model`.
WITH given AS (
    UPDATE model SET last_build = 1 + greatest(last_build, (
        SELECT max(build) FROM projection WHERE projection.name = model.name AND projection.version = model.version
    )) WHERE name = $1 AND version = $2 RETURNING last_build
)
INSERT INTO projection (name, version, build, live, position, lineage, epoch)
SELECT $1, $2, last_build, $3, 0, $4, nextval('epoch') FROM given RETURNING build, epoch
