CREATE TABLE IF NOT EXISTS sign_in (
    token_hash  BLOB    NOT NULL PRIMARY KEY,
    caller_hash BLOB    NOT NULL,
    account     TEXT    NOT NULL,
    begun_at    INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sign_in_caller ON sign_in (caller_hash, begun_at);
CREATE INDEX IF NOT EXISTS sign_in_seen ON sign_in (seen_at);
CREATE TABLE IF NOT EXISTS sign_in_draft (
    token_hash BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    kept_at    INTEGER NOT NULL,
    PRIMARY KEY (token_hash, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sign_in_draft_kept ON sign_in_draft (kept_at)
