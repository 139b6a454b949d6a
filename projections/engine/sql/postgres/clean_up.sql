-- Builds that nobody reads and nobody owns; those, too, that this owner left.
DELETE FROM projection WHERE name = $1 AND version = $2 AND NOT live AND (until < clock_timestamp() OR owner = $3)
