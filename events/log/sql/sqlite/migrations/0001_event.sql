-- One row an event. `position` is the rowid, so the table itself is the log in order. It is not partitioned by
-- position: (stream, revision) has to be unique over the whole log, and a unique index cannot span partitions.
CREATE TABLE event (
    position    INTEGER PRIMARY KEY,
    stream      TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    id          BLOB NOT NULL,
    kind        TEXT NOT NULL,
    -- microseconds since 1970
    recorded_at INTEGER NOT NULL,
    -- on the first event of an append: 32 bytes
    command_key BLOB,
    -- the rest of the envelope (vocabulary `Meta`)
    meta        BLOB NOT NULL,
    -- the exact bytes first written
    data        BLOB NOT NULL
) STRICT;
