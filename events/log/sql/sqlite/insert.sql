-- The row in brackets is repeated to a power of two; rows beyond the batch are not bound, and so are NULL.
INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data)
SELECT * FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)) WHERE column1 IS NOT NULL
