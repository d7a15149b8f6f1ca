-- Governance: who judged which version and why, what was in force when, and the chain that holds it.

create table judgement (
    id          integer primary key,
    number      integer not null references version (number),
    verdict     text not null check (verdict in ('approved', 'rejected')),
    at_ms       integer not null,
    actor       text not null,
    comment     text not null
) strict;

create index judgement_number on judgement (number, id);

create table deployment (
    id          integer primary key,
    alias       text not null,
    number      integer not null references version (number),
    previous    integer references version (number),
    at_ms       integer not null,
    actor       text not null,
    reason      text not null
) strict;

insert into deployment (alias, number, previous, at_ms, actor, reason)
    select name, number, null, changed_ms, actor, 'before the history began' from alias;

create table tag (
    number      integer not null references version (number),
    name        text not null,
    value       text not null,
    primary key (number, name)
) strict;

create table audit (
    seq         integer primary key,
    at_ms       integer not null,
    actor       text not null,
    action      text not null,
    subject     text not null,
    payload     text not null,
    previous    text not null,
    hash        text not null
) strict;
