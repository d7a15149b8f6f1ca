-- The journal: what was decided, what it turned out to be, and what was told to whom.
-- Rows come from segment files, each in the transaction that notes how far its segment is moved.
-- Times in `_us` are microseconds since 1970 UTC. Empty texts: not said.

create table decision (
    id          text primary key,
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
    request     text not null,  -- the id of the first decision of its request; empty: itself
    numbers     text not null   -- margin, score, probability, amount and the row, their bits, base64
) strict;

create index decision_at on decision (at_us, id);
create index decision_entity on decision (entity, at_us);

create table label (
    id          integer primary key,
    decision    text not null,
    label       text not null,
    source      text not null,
    at_us       integer not null,
    label_ms    integer not null,
    amount_lost real,
    client      text not null
) strict;

create index label_decision on label (decision, at_us);
create index label_at on label (at_us);

create table answer (
    id           integer primary key,
    key          text not null,
    at_us        integer not null,
    request      text not null,  -- SHA-256 of the body
    decision     text not null,  -- the id of its first decision
    status       integer not null,
    content_type text not null,
    body         text not null   -- base64
) strict;

create index answer_at on answer (at_us);
create index answer_decision on answer (decision);

create table journal_segment (
    name        text primary key,
    moved       integer not null,  -- bytes
    decisions   integer not null,
    labels      integer not null,
    left_out    integer not null,  -- decisions that were erased before they came, or known already
    moved_ms    integer not null
) strict;

create table erased (
    id          integer primary key,
    kind        text not null check (kind in ('salt', 'id', 'entity')),
    mark        text not null,  -- an id, or the HMAC of an entity
    at_us       integer not null
) strict;
