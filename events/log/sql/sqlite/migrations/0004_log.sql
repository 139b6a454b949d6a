-- What this log is: one row, made once.
CREATE TABLE log (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    name    TEXT NOT NULL,
    lineage BLOB NOT NULL,
    secret  BLOB NOT NULL
) STRICT;
