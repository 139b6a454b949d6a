SELECT build, position, event_id, recorded_at, lineage, CASE WHEN until > clock_timestamp() THEN owner END, stopped_at, why
FROM projection WHERE name = $1 AND version = $2 AND live
