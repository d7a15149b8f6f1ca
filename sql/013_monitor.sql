-- Watching: which watch looked at which stretch of time, and what it saw.
-- A run is known by its watch and the instant it was due: of many servers one takes it.

create table monitor_run (
    id          integer primary key,
    watch       text not null,
    due_ms      integer not null,
    manual      integer not null,  -- 1: somebody asked for it; it is no part of the history that counts
    since_ms    integer not null,
    until_ms    integer not null,
    state       text not null check (state in ('running', 'ok', 'insufficient', 'watch', 'alarm', 'failed')),
    owner       text not null,
    lease_ms    integer not null,  -- of a running one: from then on anybody may take it over
    started_ms  integer not null,
    finished_ms integer,
    version     integer not null,  -- the champion that was watched; 0: none
    rows        integer not null,
    message     text not null,
    document    text not null      -- a JSON object, what the watch has to say
) strict;

create unique index monitor_run_due on monitor_run (watch, manual, due_ms);

create table monitor_result (
    run         integer not null references monitor_run (id),
    kind        text not null,     -- an alarm's name
    subject     text not null,     -- a column, a metric; empty: the whole
    state       text not null check (state in ('ok', 'insufficient', 'watch', 'alarm')),
    value       real,
    bound       real,
    primary key (run, kind, subject)
) strict;
