-- The events of a range of positions without those of some kinds (a JSON array), but with the last one.
SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data FROM event
WHERE position > ?1 AND position <= ?2 AND (kind NOT IN (SELECT value FROM json_each(?3)) OR position = ?2)
ORDER BY position LIMIT ?4
