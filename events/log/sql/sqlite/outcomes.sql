-- What the commands with these keys (a JSON array of hexadecimal texts) stored: a command's events are consecutive,
-- and only its first one has a key.
WITH RECURSIVE outcome (first, position) AS (
    SELECT position, position FROM event WHERE command_key IN (SELECT unhex(value) FROM json_each(?1))
    UNION ALL
    SELECT outcome.first, event.position FROM outcome
    JOIN event ON event.position = outcome.position + 1 AND event.command_key IS NULL
)
SELECT event.position, event.id, event.kind, event.stream, event.revision, event.command_key, event.meta
FROM outcome JOIN event ON event.position = outcome.position
ORDER BY event.position
