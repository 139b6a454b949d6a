-- The events of whole streams with their packed envelopes, of which the subject is read, in the order in which the
-- streams were asked for.
SELECT event.position, event.revision, event.id, event.kind, event.meta, event.data, asked.n - 1
FROM unnest($1::text[]) WITH ORDINALITY AS asked (stream, n) JOIN event ON event.stream = asked.stream
WHERE event.revision <= $2
ORDER BY asked.n, event.revision
