-- Decisions without events: a JSON array of [key, hash of the request, position, outcome], in hexadecimal but the position.
INSERT INTO remembered (command_key, request_hash, position, decided_at, outcome)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, ?2, unhex(value ->> 3) FROM json_each(?1)
