-- +goose Up
-- What only plans keeps nobody from what erases: an account has one open erasure of each mode.
drop index erasures_account;
create unique index erasures_account on erasures (account, mode) where kind = 'account' and ended_at is null;

-- Every reason of today asks for an approval (erasure.Reasons). Whoever opens a case cannot say otherwise.
alter table erasures add constraint erasures_approval check (approval) not valid;

-- How often the last look of this closing was too old for its tombstone: clocks that are apart let it look for ever.
alter table erasures add column old_looks integer not null default 0 check (old_looks >= 0);
grant update (old_looks) on erasures to steward_core;

-- What was found left is erased again from blocked, when a person has looked: no one goes back by themselves.
delete from erasure_steps where (from_stage, to_stage) = ('verifying', 'executing');

-- Whoever erases opens the keys of erasures, and none of mail or of an endpoint. A view, since a policy on the rows would
-- keep who makes backups from reading all of them.
create view erasure_case_keys with (security_barrier) as
    select case_id, master, wrapped from case_keys where case_id like 'era\_%';
revoke select on case_keys from steward_erase;
grant select on erasure_case_keys to steward_erase;

-- +goose Down
grant select on case_keys to steward_erase;
drop view erasure_case_keys;
insert into erasure_steps values ('verifying', 'executing', 'erase');
revoke update (old_looks) on erasures from steward_core;
alter table erasures drop column old_looks;
alter table erasures drop constraint erasures_approval;
drop index erasures_account;
create unique index erasures_account on erasures (account) where kind = 'account' and ended_at is null;
