INSERT INTO projection (name, version, build, live, position, lineage, epoch) VALUES ($1, $2, $3, $4, 0, $5, 0)
ON CONFLICT DO NOTHING
