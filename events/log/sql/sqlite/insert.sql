-- The row in brackets is repeated to a power of two; rows beyond the batch are not bound, and so are NULL. A command
-- that is remembered without events stores none: its `data` becomes NULL, which the table refuses.
INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data)
SELECT column1, column2, column3, column4, column5, column6, column7, column8,
    CASE WHEN EXISTS (SELECT 1 FROM remembered WHERE command_key = column7) THEN NULL ELSE column9 END
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)) WHERE column1 IS NOT NULL
