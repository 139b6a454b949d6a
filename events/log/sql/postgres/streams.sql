-- Whole streams, in the order in which they were asked for.
SELECT event.position, event.stream, event.revision, event.id, event.kind, event.recorded_at, event.command_key,
    event.meta, event.data, asked.n - 1
FROM unnest($1::text[]) WITH ORDINALITY AS asked (stream, n) JOIN event ON event.stream = asked.stream
WHERE event.revision <= $2
ORDER BY asked.n, event.revision
