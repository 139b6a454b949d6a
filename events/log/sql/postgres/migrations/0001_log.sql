-- In a schema of the log's own name. Not partitioned by position: (stream, revision) has to be unique over the whole
-- log, and a unique index cannot span partitions. A row takes about 600 bytes with its indexes.
CREATE TABLE event (
    position    bigint PRIMARY KEY,
    stream      text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    id          uuid NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    -- microseconds since 1970
    recorded_at bigint NOT NULL,
    -- on the first event of an append: 32 bytes
    command_key bytea,
    -- the rest of the envelope (vocabulary `Meta`)
    meta        bytea NOT NULL,
    -- the exact bytes first written
    data        bytea NOT NULL
);
-- Serves: the head of a stream, a stream from a revision on; and no revision is ever given twice.
CREATE UNIQUE INDEX event_stream_revision ON event (stream, revision) INCLUDE (position);
-- Serves: what a command stored when it comes again; and no command is ever stored twice.
CREATE UNIQUE INDEX event_command_key ON event (command_key) WHERE command_key IS NOT NULL;

-- What this log is: one row, made once.
CREATE TABLE log (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    name    text NOT NULL,
    lineage uuid NOT NULL,
    secret  bytea NOT NULL
);
