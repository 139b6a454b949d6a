GRANT USAGE ON SCHEMA :schema TO :server;
GRANT SELECT, INSERT ON :schema.event TO :server;
GRANT SELECT, INSERT, DELETE ON :schema.remembered TO :server;
GRANT SELECT ON :schema.log, :schema.migration TO :server;
GRANT SELECT, INSERT, UPDATE ON :schema.lease TO :server;
