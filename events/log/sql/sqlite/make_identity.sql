INSERT INTO log (one, name, lineage, secret) VALUES (1, ?1, ?2, ?3) ON CONFLICT (one) DO NOTHING
