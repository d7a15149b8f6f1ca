-- Experiments: another version beside the champion, on some of the entities or in the shadow of all.
-- At most one runs at a time. Shares of a canary rise step by step.

create table experiment (
    id          integer primary key,
    name        text not null unique,
    kind        text not null,
    champion    integer not null references version (number),
    rival       integer not null references version (number),
    entity      text not null,
    shares      text not null,
    step        integer not null,
    step_ms     integer not null,
    bake_ms     integer not null,
    alpha       text not null,
    planned     integer not null,
    mature_ms   integer not null,
    promotes    integer not null,
    state       text not null,
    started_ms  integer not null,
    ended_ms    integer,
    reason      text
) strict;

create unique index experiment_running on experiment (state) where state = 'running';
