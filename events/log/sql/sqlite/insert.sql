INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
