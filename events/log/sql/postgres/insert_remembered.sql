-- Decisions as they were remembered elsewhere.
INSERT INTO remembered (command_key, request_hash, position, decided_at, outcome)
SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[])
