-- Whole streams (a JSON array of names), in the order in which they were asked for.
SELECT event.position, event.stream, event.revision, event.id, event.kind, event.recorded_at, event.command_key,
    event.meta, event.data, asked.key
FROM json_each(?1) AS asked CROSS JOIN event ON event.stream = asked.value
WHERE event.revision <= ?2
ORDER BY asked.key, event.revision
