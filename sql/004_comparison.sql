-- What came of holding a version against the champion on the same rows: the whole of it, as JSON.

create table comparison (
    id          integer primary key,
    number      integer not null references version (number),
    champion    integer not null references version (number),
    verdict     text not null,
    document    text not null,
    at_ms       integer not null,
    actor       text not null
) strict;

create index comparison_number on comparison (number, id);
