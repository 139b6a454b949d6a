SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data
FROM event WHERE position > $1 ORDER BY position LIMIT $2
