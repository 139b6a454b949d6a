-- The decisions without events of the commands with these keys.
SELECT remembered.command_key, remembered.request_hash, remembered.position, remembered.outcome
FROM unnest($1::bytea[]) AS asked (key) JOIN remembered ON remembered.command_key = asked.key
