SELECT build, live, position, event_id, lineage, CASE WHEN until > clock_timestamp() THEN owner END, stopped_at, why, recorded_at
FROM projection WHERE name = $1 AND version = $2 ORDER BY build
