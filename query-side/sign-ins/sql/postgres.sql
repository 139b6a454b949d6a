-- The form of this table never changes, because processes of two versions may use it: another form is another table.
CREATE TABLE IF NOT EXISTS views.sign_in (
    token_hash  bytea  PRIMARY KEY,
    caller_hash bytea  NOT NULL,
    account     text   NOT NULL,
    begun_at    bigint NOT NULL,
    seen_at     bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS sign_in_caller ON views.sign_in (caller_hash, begun_at);
CREATE INDEX IF NOT EXISTS sign_in_seen ON views.sign_in (seen_at);
CREATE TABLE IF NOT EXISTS views.sign_in_draft (
    token_hash bytea  NOT NULL,
    name       text   NOT NULL,
    sealed     bytea  NOT NULL,
    kept_at    bigint NOT NULL,
    PRIMARY KEY (token_hash, name)
);
CREATE INDEX IF NOT EXISTS sign_in_draft_kept ON views.sign_in_draft (kept_at)
