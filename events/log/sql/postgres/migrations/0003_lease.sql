-- Who does what only one process may do for this log (the relay), until when by this database's clock, and how far.
CREATE TABLE lease (
    role         text PRIMARY KEY,
    owner        text NOT NULL,
    -- Grows with every change of owner.
    epoch        bigint NOT NULL,
    until        timestamptz NOT NULL,
    -- A hint where to go on: the last position that is done, and the place after it in what is written.
    position     bigint NOT NULL DEFAULT 0,
    place        bigint NOT NULL DEFAULT 0
);
