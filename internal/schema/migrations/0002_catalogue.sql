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

-- Privileges on columns cannot say which value a role may write. This does: the
-- role that dumps must not be able to claim that a backup was proven, the role
-- that proves must not be able to bring one back or to make it go. A role that
-- is a member of neither, such as the owner, is bound by the order of states too.
-- +goose StatementBegin
create function backup_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    step text := old.state || ' to ' || new.state;
begin
    if new.id <> old.id or new.database <> old.database or new.day <> old.day or new.opened_at <> old.opened_at then
        raise exception 'a backup keeps its identity' using errcode = 'insufficient_privilege';
    end if;
    if step in ('taken to drilled', 'taken to bad') then
        if not pg_has_role(current_user, 'steward_drill', 'member') then
            raise exception 'only a drill decides whether a backup is good' using errcode = 'insufficient_privilege';
        end if;
        -- A verdict is on what was taken; it changes nothing else.
        if (new.attempt, new.snapshot_at, new.taken_at, new.manifest_object, new.manifest_gen, new.manifest_sha256)
            is distinct from (old.attempt, old.snapshot_at, old.taken_at, old.manifest_object, old.manifest_gen, old.manifest_sha256) then
            raise exception 'a drill changes nothing of what it judges' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if not pg_has_role(current_user, 'steward_backup', 'member') then
        raise exception 'a drill only gives its verdict' using errcode = 'insufficient_privilege';
    end if;
    if step = 'drilled to drilled' and
        (new.attempt, new.snapshot_at, new.taken_at, new.drilled_at, new.manifest_object, new.manifest_gen, new.manifest_sha256)
        is distinct from
        (old.attempt, old.snapshot_at, old.taken_at, old.drilled_at, old.manifest_object, old.manifest_gen, old.manifest_sha256) then
        raise exception 'what was proven does not change' using errcode = 'insufficient_privilege';
    end if;
    if step not in ('running to running', 'running to taken', 'bad to running', 'taken to taken', 'drilled to drilled')
        and not (new.state = 'pruned' and old.state <> 'pruned') then
        raise exception 'a backup does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger backups_step before update on backups for each row execute function backup_step();

-- The same for the evidence: each role writes the entries of its own work. The
-- table is closed: what is not in it is the core's, and a later migration that
-- brings another writer says so here.
-- +goose StatementBegin
create function ledger.writer_of(kind text) returns name language sql immutable set search_path = pg_catalog as $$
    select case
        when kind in ('backup.stored', 'backup.pruned') then 'steward_backup'
        when kind in ('backup.drilled', 'backup.refused') then 'steward_drill'
        else 'steward_core'
    end::name
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function ledger.only_writer() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if not pg_has_role(current_user, ledger.writer_of(new.kind), 'member') then
        raise exception 'this role does not write entries of kind %', new.kind using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger entries_only_writer before insert on ledger.entries
    for each row execute function ledger.only_writer();

-- /healthz says whether the database is at the version of the program.
grant select on goose_db_version to steward_core, steward_drill;

-- The steward database is backed up too, by the role that backs up: it reads
-- everything, now and after later migrations.
grant select on all tables in schema public, ledger to steward_backup;
grant select on all sequences in schema public, ledger to steward_backup;
alter default privileges in schema public, ledger grant select on tables to steward_backup;
alter default privileges in schema public, ledger grant select on sequences to steward_backup;

-- +goose Down
alter default privileges in schema public, ledger revoke select on tables from steward_backup;
alter default privileges in schema public, ledger revoke select on sequences from steward_backup;
drop trigger entries_only_writer on ledger.entries;
drop function ledger.only_writer();
drop function ledger.writer_of(text);
drop table installation;
drop table backup_objects;
drop table backups;
drop function backup_step();
