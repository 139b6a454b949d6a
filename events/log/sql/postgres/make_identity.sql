INSERT INTO log (name, lineage, secret) VALUES ($1, $2, $3) ON CONFLICT (one) DO NOTHING
