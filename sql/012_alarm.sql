-- Alarms: what is known of each, what changed, and the notices that wait to be delivered.
-- Numbers with fractions are texts that read back to the same number; an empty one is none.

create table alarm_key (
    alarm       text not null,
    subject     text not null,
    state       text not null,
    since_ms    integer not null,  -- in this state
    past        text not null,     -- the last windows, newest last: ! a breach, . none
    counted_ms  integer not null,  -- the end of the newest of them
    seen_ms     integer not null,  -- the last reading that had data
    value       text not null,
    bound       text not null,
    said        text not null,
    incident    text not null,     -- while it stands
    begun_ms    integer not null,
    told_ms     integer not null,  -- the last notice of this incident; 0: nobody was told
    told        integer not null,  -- how many notices it has had
    primary key (alarm, subject)
) strict;

create table alarm_change (
    id          integer primary key,
    alarm       text not null,
    subject     text not null,
    at_ms       integer not null,
    was         text not null,
    state       text not null,
    value       text not null,
    bound       text not null,
    said        text not null
) strict;

create index alarm_change_at on alarm_change (at_ms);

create table alarm_silence (
    id          integer primary key,
    alarm       text not null,     -- * is any
    subject     text not null,     -- * is any
    from_ms     integer not null,
    until_ms    integer not null,
    actor       text not null,
    reason      text not null
) strict;

create table alarm_notice (
    id          integer primary key,
    name        text not null unique,
    incident    text not null,
    kind        text not null,
    severity    text not null,
    alarm       text not null,
    subject     text not null,
    title       text not null,
    said        text not null,
    value       text not null,
    bound       text not null,
    runbook     text not null,
    since_ms    integer not null,
    at_ms       integer not null
) strict;

-- One for each sink that a notice goes to. `lease` names who delivers it just now, until lease_ms.
create table alarm_delivery (
    id          integer primary key,
    notice      integer not null references alarm_notice (id),
    sink        text not null,
    alarm       text not null,
    subject     text not null,
    state       text not null,     -- waiting, sent
    attempts    integer not null,
    next_ms     integer not null,
    lease       text not null,
    lease_ms    integer not null,
    error       text not null,
    made_ms     integer not null,
    sent_ms     integer not null
) strict;

create index alarm_delivery_state on alarm_delivery (state, next_ms);
create index alarm_delivery_order on alarm_delivery (sink, alarm, subject, id);
create index alarm_delivery_notice on alarm_delivery (notice);

-- What a server's /metrics said, in short, so that its counters make rates over a window.
create table scrape (
    id          integer primary key,
    server      text not null,
    at_ms       integer not null,
    figures     text not null
) strict;

create index scrape_server on scrape (server, at_ms);
