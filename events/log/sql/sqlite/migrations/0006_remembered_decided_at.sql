-- Serves: the removal of what has been remembered for long enough.
CREATE INDEX remembered_decided_at ON remembered (decided_at);
