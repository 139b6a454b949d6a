SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data
FROM event WHERE stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3
