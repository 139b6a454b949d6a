-- One row for each build of each read model. The build that is `live` is the one that queries read.
CREATE TABLE IF NOT EXISTS projection (
    name     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    build    INTEGER NOT NULL,
    live     INTEGER NOT NULL,
    -- The last event that is in the rows, and its id: another id there means another history.
    position INTEGER NOT NULL,
    event_id BLOB,
    lineage  BLOB    NOT NULL,
    -- Grows with every owner; what an earlier owner writes is refused.
    epoch    INTEGER NOT NULL,
    PRIMARY KEY (name, version, build)
) STRICT, WITHOUT ROWID
