-- Rows as they were stored elsewhere.
INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::bigint[], $7::bytea[],
    $8::bytea[], $9::bytea[])
