UPDATE projection SET position = ?, event_id = ?
WHERE name = ? AND version = ? AND build = ? AND epoch = ? AND position = ?
