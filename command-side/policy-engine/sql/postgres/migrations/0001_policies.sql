CREATE TABLE policy (
    name        text   NOT NULL PRIMARY KEY,
    lineage     uuid   NOT NULL,
    epoch       bigint NOT NULL,
    -- The last event whose reactions are saved.
    position    bigint NOT NULL,
    event_id    uuid,
    recorded_at bigint NOT NULL
) WITH (fillfactor = 50);

-- Commands that follow from an event and are not done, and the deliveries of gateways.
CREATE TABLE reaction (
    policy      text    NOT NULL,
    event_id    uuid    NOT NULL,
    place       integer NOT NULL,
    position    bigint  NOT NULL,
    correlation uuid    NOT NULL,
    command     text    NOT NULL,
    body        text    NOT NULL,
    -- waiting, parked, refused, discarded, delivered
    state       text    NOT NULL,
    -- Microseconds: when it is given if it waits, since when it is in its state otherwise.
    next_at     bigint  NOT NULL,
    attempts    integer NOT NULL,
    why         text    NOT NULL,
    PRIMARY KEY (policy, event_id, place)
);

CREATE INDEX reaction_by_state ON reaction (policy, state, next_at, position, place);
