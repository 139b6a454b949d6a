-- The form of this table never changes, because processes of two versions may use it: another form is another table.
CREATE TABLE IF NOT EXISTS views.sign_in (
    token_hash  bytea  PRIMARY KEY,
    caller_hash bytea  NOT NULL,
    account     text   NOT NULL,
    begun_at    bigint NOT NULL,
    seen_at     bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS sign_in_caller ON views.sign_in (caller_hash, begun_at);
CREATE INDEX IF NOT EXISTS sign_in_seen ON views.sign_in (seen_at)
