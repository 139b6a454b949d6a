-- Removes a bounded number of decisions that were remembered before an instant.
DELETE FROM remembered WHERE command_key IN (
    SELECT command_key FROM remembered WHERE decided_at < ?1 ORDER BY decided_at LIMIT ?2
)
