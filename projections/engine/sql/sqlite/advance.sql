UPDATE projection SET position = ?, event_id = ?, recorded_at = ?
WHERE name = ? AND version = ? AND build = ? AND epoch = ? AND position = ?
