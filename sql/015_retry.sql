-- A look that failed for a while, as when the database went away, is tried again before its next date.

alter table monitor_run add column tries integer not null default 1;     -- how often it was begun
alter table monitor_run add column again_ms integer not null default 0;  -- of a failed one: from then on it is tried again; 0: it is not
