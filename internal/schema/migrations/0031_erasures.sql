-- +goose Up
-- What only plans keeps nobody from what erases: an account has one open erasure of each mode.
drop index erasures_account;
create unique index erasures_account on erasures (account, mode) where kind = 'account' and ended_at is null;

-- Every reason of today asks for an approval (erasure.Reasons). Whoever opens a case cannot say otherwise.
alter table erasures add constraint erasures_approval check (approval) not valid;

-- How often the last look of this closing was too old for its tombstone: clocks that are apart let it look for ever.
alter table erasures add column old_looks integer not null default 0 check (old_looks >= 0);
grant update (old_looks) on erasures to steward_core;

-- +goose Down
revoke update (old_looks) on erasures from steward_core;
alter table erasures drop column old_looks;
alter table erasures drop constraint erasures_approval;
drop index erasures_account;
create unique index erasures_account on erasures (account) where kind = 'account' and ended_at is null;
