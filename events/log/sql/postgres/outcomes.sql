-- What the commands with these keys stored: a command's events are consecutive, and only its first one has a key.
WITH RECURSIVE outcome (position) AS (
    SELECT event.position FROM unnest($1::bytea[]) AS asked (key) JOIN event ON event.command_key = asked.key
    UNION ALL
    SELECT event.position FROM outcome
    JOIN event ON event.position = outcome.position + 1 AND event.command_key IS NULL
)
SELECT event.position, event.id, event.kind, event.stream, event.revision, event.command_key, event.meta
FROM outcome JOIN event USING (position) ORDER BY event.position
