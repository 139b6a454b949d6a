-- One row for each build of each read model. The build that is `live` is the one that queries read.
CREATE TABLE projection (
    name        text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    build       bigint NOT NULL,
    live        boolean NOT NULL,
    -- The last event that is in the rows, and its id: another id there means another history.
    position    bigint NOT NULL,
    event_id    uuid,
    -- When that event was recorded, in microseconds since 1970.
    recorded_at bigint NOT NULL DEFAULT 0,
    lineage     uuid NOT NULL,
    -- Grows with every owner; what an earlier owner writes is refused.
    epoch       bigint NOT NULL,
    -- Who owns it, and until when by this database's clock.
    owner       text,
    until       timestamptz NOT NULL DEFAULT '-infinity',
    -- Where and why its owner could not go on.
    stopped_at  bigint,
    why         text,
    PRIMARY KEY (name, version, build)
);

-- The processes that share the work.
CREATE TABLE member (
    name    text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
