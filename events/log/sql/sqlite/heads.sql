-- The heads of streams (a JSON array of names). Both lookups are answered by event_stream_revision alone.
SELECT asked.key,
    (SELECT revision FROM event WHERE stream = asked.value ORDER BY revision DESC LIMIT 1),
    (SELECT position FROM event WHERE stream = asked.value ORDER BY revision DESC LIMIT 1)
FROM json_each(?1) AS asked
