-- What a deployment was, apart from the words people gave for it.

alter table deployment add column action text;
update deployment set action = case when substr(reason, 1, 9) = 'rollback:' then 'rollback' else 'promote' end;
