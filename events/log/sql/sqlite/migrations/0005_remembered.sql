-- Decisions that stored no event (a refusal, or nothing new), each with its command's key, so that a repeat gets the
-- same answer. Kept for a limited time; the key of a command that stored events is in `event`, permanently.
CREATE TABLE remembered (
    command_key  BLOB PRIMARY KEY,
    request_hash BLOB NOT NULL,
    -- the highest position of an event on which it was decided
    position     INTEGER NOT NULL,
    -- microseconds since 1970
    decided_at   INTEGER NOT NULL,
    -- the decision, in the form of the command side
    outcome      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
