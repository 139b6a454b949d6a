-- Builds that are neither live nor owned, and builds that this owner left unfinished.
DELETE FROM projection WHERE name = $1 AND version = $2 AND NOT live AND (until < clock_timestamp() OR owner = $3)
