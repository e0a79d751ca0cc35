-- +goose Up
-- What an erasure retains, and until when (erasure.RetainedDue): then a task asks a person to erase it, and the row goes. It
-- names the erasure by its opaque id and outlives its record, since the time may be ten years.
create table erasure_retained (
    erasure text        not null check (erasure ~ '^era_[a-z2-7]{26}$'),
    store   text        not null check (length(store) between 1 and 120),
    -- The exception of the policy.
    basis   text        not null,
    count   bigint      not null check (count > 0),
    until   timestamptz not null,
    primary key (erasure, store, basis, until)
);
create index erasure_retained_until on erasure_retained (until);

grant select, insert, update (count), delete on erasure_retained to steward_core;
grant select on erasure_retained to steward_backup;

-- +goose Down
drop table erasure_retained;
