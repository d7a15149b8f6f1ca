-- Several stores may share one database: a run says which directory of which machine it is of.

alter table run add column place text;
