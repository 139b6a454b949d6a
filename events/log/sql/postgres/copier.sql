-- One copy at a time into this log. Held by the session.
SELECT pg_advisory_lock(hashtext('frontdoor log copy'), hashtext(current_schema()))
