-- The decisions without events of the commands with these keys (a JSON array of hexadecimal texts).
SELECT command_key, request_hash, position, outcome FROM remembered
WHERE command_key IN (SELECT unhex(value) FROM json_each(?1))
