-- The greatest number that was ever given to a build of a read model.
CREATE TABLE model (
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    last_build INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
INSERT INTO model SELECT name, version, max(build) FROM projection GROUP BY name, version;

-- The last epoch that was given, of all builds: none is ever given twice, so an owner of a build that is gone is refused.
CREATE TABLE epoch (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), last INTEGER NOT NULL) STRICT;
INSERT INTO epoch SELECT 1, coalesce(max(epoch), 0) FROM projection;

-- When the last event in the rows was recorded, in microseconds since 1970; 0 where that is not known.
ALTER TABLE projection ADD COLUMN recorded_at INTEGER NOT NULL DEFAULT 0;

UPDATE projection AS older SET live = 0 WHERE live AND EXISTS (
    SELECT 1 FROM projection AS newer
    WHERE newer.name = older.name AND newer.version = older.version AND newer.live AND newer.build > older.build
);
CREATE UNIQUE INDEX projection_live ON projection (name, version) WHERE live;
