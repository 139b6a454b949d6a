-- Every change of builds waits for the one before it.
INSERT INTO model AS known (name, version, last_build) VALUES ($1, $2, 0)
ON CONFLICT (name, version) DO UPDATE SET last_build = known.last_build
