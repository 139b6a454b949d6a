-- The lock of the log, as in `look`.
SELECT pg_advisory_xact_lock(hashtext('frontdoor'), hashtext(current_schema()))
