-- The registry: what was run, what came of it, and what is in force.
-- Times are milliseconds since 1970 UTC. Digests are SHA-256 in lower-case hex.

create table run (
    id          integer primary key,
    started_ms  integer not null,
    finished_ms integer,
    state       text not null check (state in ('running', 'done', 'failed', 'refused')),
    actor       text not null,
    config      text not null,
    message     text
) strict;

create table step (
    run_id      integer not null references run (id),
    name        text not null,
    inputs      text not null,
    outputs     text,
    state       text not null check (state in ('done', 'unchanged', 'failed', 'refused')),
    started_ms  integer not null,
    finished_ms integer not null,
    message     text,
    primary key (run_id, name)
) strict;

create table version (
    number      integer primary key,
    name        text not null unique,
    bundle      text not null,
    project     text not null,
    algorithm   text not null,
    origin      text not null check (origin in ('train', 'import')),
    run_id      integer references run (id),
    created_ms  integer not null,
    metrics     text not null
) strict;

create index version_bundle on version (bundle);

create table alias (
    name        text primary key,
    number      integer not null references version (number),
    changed_ms  integer not null,
    actor       text not null
) strict;
