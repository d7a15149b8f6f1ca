-- Models trained anew without anybody asking: why, what came of it, and how it is being put in force.

create table retraining (
    id          integer primary key,
    begun_ms    integer not null,
    changed_ms  integer not null,
    lease_ms    integer not null,  -- of one in training: from then on its process is gone
    state       text not null check (state in ('training', 'quarantined', 'refused', 'kept', 'waiting',
                                               'canary', 'promoted', 'rolled_back', 'failed')),
    why         text not null,
    version     integer not null,  -- 0: none came of it
    experiment  text not null,     -- the canary's name
    labels_seen integer not null,  -- labels up to this number were looked over when it began
    released_ms integer not null,  -- of one in quarantine: when a person said that its labels are well
    message     text not null
) strict;

create unique index retraining_open on retraining (state) where state = 'training';
