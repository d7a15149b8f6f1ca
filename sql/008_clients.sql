-- Who may ask the server what: clients, and the keys by which they are known. Of a key only the
-- SHA-256 of its secret is kept. Rates are requests in a thousand seconds; 0 is no bound.

create table client (
    id          integer primary key,
    name        text not null unique,
    scopes      text not null,
    rate_milli  integer not null,
    burst       integer not null,
    quota_day   integer not null,
    created_ms  integer not null,
    revoked_ms  integer
) strict;

create table client_key (
    id          integer primary key,
    client_id   integer not null references client (id),
    hash        text not null,
    created_ms  integer not null,
    expires_ms  integer,
    revoked_ms  integer
) strict;

create index client_key_client on client_key (client_id, id);
