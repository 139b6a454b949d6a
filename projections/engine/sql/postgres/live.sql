SELECT build, projection.position, event_id, recorded_at, lineage, owner, stopped_at, why
FROM projection LEFT JOIN lease ON lease.role = $3 AND lease.until > clock_timestamp()
WHERE name = $1 AND version = $2 AND live
