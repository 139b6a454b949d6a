-- The events of a range of positions without those of some kinds, but with the last one.
SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data FROM event
WHERE position > $1 AND position <= $2 AND (kind <> ALL ($3::text[]) OR position = $2)
ORDER BY position LIMIT $4
