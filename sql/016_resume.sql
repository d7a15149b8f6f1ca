-- A retraining that was interrupted is taken up where it was, and its date is served by it alone.

alter table retraining add column due_ms integer not null default 0;  -- the date of retrain.schedule it is for; 0: of none
alter table retraining add column tries integer not null default 1;   -- how often it was begun

update retraining set due_ms = (select coalesce(max(due_ms), 0) from monitor_run where watch = 'retrain' and manual = 0)
    where id = (select max(id) from retraining);
