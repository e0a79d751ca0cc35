-- +goose Up
-- The catalogue of backups. One row for each database and business day: the
-- unique key is what makes a day be done once, whoever asks and however often.
create table backups (
    id              text        primary key check (id ~ '^bkp_[a-z2-7]{26}$'),
    database        text        not null check (database ~ '^[a-z][a-z0-9_]{0,40}$'),
    day             date        not null,
    state           text        not null check (state in ('running', 'taken', 'drilled', 'bad', 'pruned')),
    attempt         text        not null check (attempt ~ '^att_[a-z2-7]{26}$'),
    -- Who works on it: a workflow run. Another run takes over only when this one
    -- has given no sign of life for a while.
    owner           text        not null,
    beat_at         timestamptz not null,
    opened_at       timestamptz not null,
    snapshot_at     timestamptz,
    taken_at        timestamptz,
    drilled_at      timestamptz,
    pruned_at       timestamptz,
    manifest_object text,
    manifest_gen    bigint,
    manifest_sha256 text,
    bytes           bigint      not null default 0,
    rows            bigint      not null default 0,
    drill_seconds   double precision,
    reason          text        not null default '',
    unique (database, day),
    check (state <> 'drilled' or (drilled_at is not null and manifest_sha256 is not null))
);
create index backups_prune on backups (snapshot_at) where state <> 'pruned';

-- Every object of every attempt, written before the upload starts, so that an
-- orphan of a killed run is known by name.
create table backup_objects (
    backup_id  text   not null references backups (id),
    attempt    text   not null,
    name       text   not null primary key,
    kind       text   not null check (kind in ('archive', 'globals', 'manifest')),
    generation bigint,
    bytes      bigint,
    sha256     text,
    pruned_at  timestamptz
);
create index backup_objects_backup on backup_objects (backup_id);

-- When this steward was set up: before the first due time after it a promise
-- is armed, not broken.
create table installation (
    only_one     boolean     primary key default true check (only_one),
    installed_at timestamptz not null
);

grant select on backups, backup_objects, installation to steward_core, steward_backup, steward_drill;
grant insert on backups, backup_objects to steward_backup;
grant update (state, attempt, owner, beat_at, snapshot_at, taken_at, pruned_at, manifest_object, manifest_gen, manifest_sha256, bytes, rows, reason) on backups to steward_backup;
grant update (generation, bytes, sha256, pruned_at) on backup_objects to steward_backup;
grant update (state, drilled_at, drill_seconds, reason) on backups to steward_drill;
grant insert on installation to steward_core;

-- The steward database is backed up too, by the role that backs up: it reads
-- everything, now and after later migrations.
grant select on all tables in schema public, ledger to steward_backup;
grant select on all sequences in schema public, ledger to steward_backup;
alter default privileges in schema public, ledger grant select on tables to steward_backup;
alter default privileges in schema public, ledger grant select on sequences to steward_backup;

-- +goose Down
alter default privileges in schema public, ledger revoke select on tables from steward_backup;
alter default privileges in schema public, ledger revoke select on sequences from steward_backup;
drop table installation;
drop table backup_objects;
drop table backups;
