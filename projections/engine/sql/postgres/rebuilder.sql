-- The owner of a build that is being made.
SELECT owner FROM projection WHERE name = $1 AND version = $2 AND NOT live AND until > clock_timestamp() AND owner <> $3
