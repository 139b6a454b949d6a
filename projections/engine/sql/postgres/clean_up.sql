-- Builds that are not live, unless a rebuild is filling one.
DELETE FROM projection WHERE name = $1 AND version = $2 AND NOT live
AND NOT EXISTS (SELECT FROM lease WHERE role = $3 AND until > clock_timestamp())
