SELECT command_key, request_hash, position, decided_at, outcome FROM remembered
WHERE command_key > ?1 ORDER BY command_key LIMIT ?2
