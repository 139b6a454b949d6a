-- The heads of streams, without the lock: what is assumed for those of which nothing is known.
SELECT asked.n, head.revision, head.position FROM unnest($1::text[]) WITH ORDINALITY AS asked (stream, n)
JOIN LATERAL (
    SELECT event.revision, event.position FROM event
    WHERE event.stream = asked.stream ORDER BY event.revision DESC LIMIT 1
) AS head ON true
