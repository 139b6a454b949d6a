GRANT USAGE ON SCHEMA policies TO :server;
GRANT SELECT ON ALL TABLES IN SCHEMA policies TO :server;
GRANT INSERT, UPDATE, DELETE ON policies.policy, policies.reaction TO :server;
