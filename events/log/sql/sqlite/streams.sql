-- The events of whole streams (a JSON array of names) with their packed envelopes, of which the subject is read, in
-- the order in which the streams were asked for.
SELECT event.position, event.revision, event.kind, event.meta, event.data, asked.key
FROM json_each(?1) AS asked CROSS JOIN event ON event.stream = asked.value
WHERE event.revision <= ?2
ORDER BY asked.key, event.revision
