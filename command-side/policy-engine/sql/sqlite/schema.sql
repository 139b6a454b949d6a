CREATE TABLE IF NOT EXISTS policy (
    name        TEXT    NOT NULL PRIMARY KEY,
    lineage     BLOB    NOT NULL,
    epoch       INTEGER NOT NULL,
    -- The last event whose reactions are saved.
    position    INTEGER NOT NULL,
    event_id    BLOB,
    recorded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Commands that follow from an event and are not done, and the deliveries of gateways.
CREATE TABLE IF NOT EXISTS reaction (
    policy      TEXT    NOT NULL,
    event_id    BLOB    NOT NULL,
    place       INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    correlation BLOB    NOT NULL,
    command     TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    -- waiting, parked, refused, discarded, delivered
    state       TEXT    NOT NULL,
    -- Microseconds: when it is given if it waits, since when it is in its state otherwise.
    next_at     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    why         TEXT    NOT NULL,
    PRIMARY KEY (policy, event_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS reaction_by_state ON reaction (policy, state, next_at, position, place);
