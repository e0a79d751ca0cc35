-- +goose Up
-- Copies of proven backups in other buckets. The promise is the same in each, so
-- the tables are those of the first location, with the bucket in every key: one
-- object may lie in several, under the same name.
create table backup_copies (
    backup_id    text        not null references backups (id),
    bucket       text        not null check (bucket ~ '^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$'),
    -- The name of the location in the policy when the copy began.
    location     text        not null check (location ~ '^[a-z][a-z0-9_]{0,40}$'),
    state        text        not null default 'running' check (state in ('running', 'copied', 'pruned')),
    started_at   timestamptz not null,
    copied_at    timestamptz,
    pruned_at    timestamptz,
    manifest_gen bigint,
    bytes        bigint      not null default 0,
    reason       text        not null default '',
    primary key (backup_id, bucket),
    check (state <> 'copied' or (copied_at is not null and manifest_gen is not null))
);
create index backup_copies_bucket on backup_copies (bucket) where state <> 'pruned';

-- Every object of a copy, written before the service is asked for it. The token
-- lets a copy of a large object go on where it stopped.
create table backup_copy_objects (
    backup_id     text   not null,
    bucket        text   not null,
    attempt       text   not null,
    name          text   not null,
    kind          text   not null check (kind in ('archive', 'globals', 'manifest')),
    rewrite_token text   not null default '',
    generation    bigint,
    bytes         bigint,
    sha256        text,
    pruned_at     timestamptz,
    primary key (bucket, name),
    foreign key (backup_id, bucket) references backup_copies (backup_id, bucket)
);
create index backup_copy_objects_backup on backup_copy_objects (backup_id, bucket);

create table backup_copy_exceptions (
    backup_id   text        not null,
    bucket      text        not null,
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    since       timestamptz not null,
    due_at      timestamptz not null,
    ended_at    timestamptz,
    ended_cause text        not null default '' check (ended_cause ~ '^[a-z_]{0,40}$'),
    released_at timestamptz,
    primary key (backup_id, bucket),
    foreign key (backup_id, bucket) references backup_copies (backup_id, bucket),
    check ((ended_at is null) = (ended_cause = '')),
    check (released_at is null or ended_at is not null)
);

create table backup_copy_missing (
    bucket     text        not null,
    name       text        not null,
    generation bigint      not null,
    backup_id  text        not null references backups (id),
    missing_at timestamptz not null,
    primary key (bucket, name, generation)
);
create index backup_copy_missing_backup on backup_copy_missing (backup_id, bucket);

create table backup_copy_overdue (
    bucket      text        not null,
    name        text        not null,
    generation  bigint      not null,
    backup_id   text        not null references backups (id),
    due_at      timestamptz not null,
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    recorded_at timestamptz not null,
    primary key (bucket, name, generation)
);

grant select on backup_copies, backup_copy_objects, backup_copy_exceptions, backup_copy_missing, backup_copy_overdue
    to steward_core, steward_backup;
grant insert (backup_id, bucket, location, started_at) on backup_copies to steward_backup;
grant insert (backup_id, bucket, attempt, name, kind) on backup_copy_objects to steward_backup;
grant insert on backup_copy_exceptions, backup_copy_missing, backup_copy_overdue to steward_backup;
grant update (state, copied_at, pruned_at, manifest_gen, bytes, reason) on backup_copies to steward_backup;
grant update (rewrite_token, generation, bytes, sha256, pruned_at) on backup_copy_objects to steward_backup;
grant update on backup_copy_exceptions to steward_backup;

-- Only what a drill proved is copied, a copy keeps what it is, and what is gone
-- does not come back.
-- +goose StatementBegin
create function backup_copy_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    step text;
begin
    if tg_op = 'INSERT' then
        if not exists (select from public.backups where id = new.backup_id and state = 'drilled') then
            raise exception 'only a proven backup is copied' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    step := old.state || ' to ' || new.state;
    if (new.backup_id, new.bucket, new.location, new.started_at)
        is distinct from (old.backup_id, old.bucket, old.location, old.started_at) then
        raise exception 'a copy keeps its identity' using errcode = 'insufficient_privilege';
    end if;
    if old.state <> 'running' and (new.copied_at, new.manifest_gen, new.bytes)
        is distinct from (old.copied_at, old.manifest_gen, old.bytes) then
        raise exception 'what was copied does not change' using errcode = 'insufficient_privilege';
    end if;
    if step not in ('running to running', 'running to copied', 'running to pruned', 'copied to pruned') then
        raise exception 'a copy does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger backup_copies_step before insert or update on backup_copies for each row execute function backup_copy_step();

-- The evidence of copies is the backup role's. All other kinds stay whose they
-- were, whichever migrations brought them.
alter function ledger.writer_of(text) rename to writer_of_before_copies;
-- +goose StatementBegin
create function ledger.writer_of(kind text) returns name language sql immutable set search_path = pg_catalog as $$
    select case
        when kind = 'backup.copied' or kind like 'copy.%' then 'steward_backup'::name
        else ledger.writer_of_before_copies(kind)
    end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ledger.writer_of(text);
alter function ledger.writer_of_before_copies(text) rename to writer_of;
drop table backup_copy_overdue;
drop table backup_copy_missing;
drop table backup_copy_exceptions;
drop table backup_copy_objects;
drop table backup_copies;
drop function backup_copy_step();
