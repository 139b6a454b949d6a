-- Removes a bounded number of decisions that are older than $1 microseconds before the log's last event.
DELETE FROM remembered WHERE command_key = ANY (ARRAY(
    SELECT command_key FROM remembered
    WHERE decided_at < (SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1) - $1
    ORDER BY decided_at LIMIT $2
))
