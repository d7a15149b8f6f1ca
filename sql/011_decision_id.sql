-- A client may name its requests, and may use a name again when the first is forgotten: a decision is
-- known by its id and its time.

create table decision_by_time (
    id          text not null,
    at_us       integer not null,
    bundle      text not null,
    variant     text not null,
    outcome     text not null,
    fraud       integer not null,
    score       real,
    probability real,
    amount      real,
    latency_us  integer not null,
    client      text not null,
    entity      text not null,
    experiment  text not null,
    request     text not null,
    numbers     text not null,
    primary key (id, at_us)
) strict;

insert into decision_by_time (id, at_us, bundle, variant, outcome, fraud, score, probability, amount,
        latency_us, client, entity, experiment, request, numbers)
    select id, at_us, bundle, variant, outcome, fraud, score, probability, amount, latency_us, client,
        entity, experiment, request, numbers from decision;

drop table decision;
alter table decision_by_time rename to decision;

create index decision_at on decision (at_us, id);
create index decision_entity on decision (entity, at_us);
create index erased_mark on erased (mark);
