-- Who vouches for a version's bundle: Ed25519 signatures of its digest.

create table signature (
    number      integer not null references version (number),
    key         text not null,
    signature   text not null,
    at_ms       integer not null,
    actor       text not null,
    primary key (number, key)
) strict;
