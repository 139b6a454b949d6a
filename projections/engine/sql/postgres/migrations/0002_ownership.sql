-- One row for each version of a read model. It is locked before builds are added, dropped or made live.
CREATE TABLE model (
    name       text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    -- The greatest number that was ever given to a build.
    last_build bigint NOT NULL,
    PRIMARY KEY (name, version)
);
INSERT INTO model SELECT name, version, max(build) FROM projection GROUP BY name, version;

-- Epochs, of all builds: none is ever given twice, so an owner of a build that is gone is refused everywhere.
CREATE SEQUENCE epoch;
SELECT setval('epoch', (SELECT coalesce(max(epoch), 0) + 1 FROM projection));

-- Two rebuilds at once could leave two live builds.
UPDATE projection AS older SET live = false WHERE live AND EXISTS (
    SELECT FROM projection AS newer
    WHERE newer.name = older.name AND newer.version = older.version AND newer.live AND newer.build > older.build
);
CREATE UNIQUE INDEX projection_live ON projection (name, version) WHERE live;
