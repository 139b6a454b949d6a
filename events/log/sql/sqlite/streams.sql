-- The events of whole streams (a JSON array of names) without their envelopes, in the order in which the streams were
-- asked for.
SELECT event.position, event.revision, event.kind, event.data, asked.key
FROM json_each(?1) AS asked CROSS JOIN event ON event.stream = asked.value
WHERE event.revision <= ?2
ORDER BY asked.key, event.revision
