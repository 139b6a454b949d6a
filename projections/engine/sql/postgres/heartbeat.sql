WITH me AS (
    INSERT INTO member (name, seen_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
), gone AS (
    DELETE FROM member WHERE name <> $1 AND seen_at < clock_timestamp() - interval '1 hour'
)
SELECT count(*) + 1 FROM member WHERE name <> $1 AND seen_at > clock_timestamp() - make_interval(secs => $2)
