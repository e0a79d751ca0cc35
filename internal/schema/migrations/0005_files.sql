-- +goose Up
-- The app's files in object storage are backed up beside its databases. Each
-- business day has one row and one manifest; each content is stored once and named
-- by the manifests of many days. The names of the app's objects may hold personal
-- data: they stand in the encrypted list of a manifest only, never here.

create table file_backups (
    id              text        primary key check (id ~ '^fbk_[a-z2-7]{26}$'),
    -- The name of the files in the policy.
    fileset         text        not null check (fileset ~ '^[a-z][a-z0-9_]{0,40}$'),
    day             date        not null,
    state           text        not null check (state in ('running', 'taken', 'drilled', 'bad', 'pruned')),
    attempt         text        not null check (attempt ~ '^att_[a-z2-7]{26}$'),
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
    -- How many files the manifest names, how many bytes they have, how many of
    -- them were stored by this attempt, how many had gone before they were read.
    files           bigint      not null default 0,
    bytes           bigint      not null default 0,
    fresh           bigint      not null default 0,
    vanished        bigint      not null default 0,
    drill_seconds   double precision,
    reason          text        not null default '',
    unique (fileset, day),
    check (state <> 'drilled' or (drilled_at is not null and manifest_sha256 is not null))
);
create index file_backups_prune on file_backups (snapshot_at) where state <> 'pruned';

-- List and manifest of every attempt, written before the upload starts.
create table file_objects (
    backup_id  text   not null references file_backups (id),
    attempt    text   not null,
    name       text   not null primary key,
    kind       text   not null check (kind in ('list', 'manifest')),
    generation bigint,
    bytes      bigint,
    sha256     text,
    pruned_at  timestamptz
);
create index file_objects_backup on file_objects (backup_id);

-- Every content, written before its upload starts.
create table file_contents (
    id           text        primary key check (id ~ '^cnt_[a-z2-7]{26}$'),
    fileset      text        not null,
    -- Which object and generation of the app's bucket it is of: an HMAC under the
    -- salt below. What tells of the app's object goes with the content.
    source       bytea       check (octet_length(source) = 32),
    source_bytes bigint,
    crc32c       bigint,
    plain_sha256 text,
    -- What is stored, encrypted; without a generation the upload did not end.
    object       text        collate "C" not null unique,
    generation   bigint,
    bytes        bigint,
    sha256       text,
    -- The attempt that saw it last in its listing. While that is at work, it stays.
    claimed_by   text        not null,
    -- The snapshots of the first and the newest manifest that name it; before there
    -- is one, that of the attempt that stored it.
    first_at     timestamptz not null,
    newest_at    timestamptz not null check (newest_at >= first_at),
    -- When a drill first proved it, and when one found it wanting.
    drilled_at   timestamptz,
    bad_at       timestamptz,
    -- When it was decided that it goes, and when that was proven.
    doomed_at    timestamptz,
    gone_at      timestamptz,
    check (gone_at is null or (doomed_at is not null and source is null and plain_sha256 is null and crc32c is null)),
    check ((generation is null) = (sha256 is null))
);
create index file_contents_source on file_contents (fileset, source)
    where generation is not null and bad_at is null and doomed_at is null;
create index file_contents_claimed on file_contents (claimed_by) where gone_at is null;
create index file_contents_held on file_contents (fileset, newest_at) where gone_at is null;

-- The salt of this installation: two installations know the same object by
-- different values. 244 random bits, from the server's strong source.
create table file_salt (
    only_one boolean primary key default true check (only_one),
    salt     bytea   not null check (octet_length(salt) = 32)
);
insert into file_salt (salt)
values (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

grant select on file_backups, file_objects, file_contents to steward_core, steward_backup, steward_drill;
grant select on file_salt to steward_backup;
grant insert on file_backups, file_objects, file_contents to steward_backup;
grant update (state, attempt, owner, beat_at, snapshot_at, taken_at, pruned_at, manifest_object, manifest_gen, manifest_sha256,
    files, bytes, fresh, vanished, reason) on file_backups to steward_backup;
grant update (generation, bytes, sha256, pruned_at) on file_objects to steward_backup;
grant update (source, source_bytes, crc32c, plain_sha256, generation, bytes, sha256, claimed_by, first_at, newest_at,
    doomed_at, gone_at) on file_contents to steward_backup;
grant update (state, drilled_at, drill_seconds, reason) on file_backups to steward_drill;
grant update (drilled_at, bad_at) on file_contents to steward_drill;

-- The order of states and who may take which step: as for backups of databases.
-- +goose StatementBegin
create function file_backup_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    step text := old.state || ' to ' || new.state;
    same boolean := (new.attempt, new.snapshot_at, new.taken_at, new.manifest_object, new.manifest_gen, new.manifest_sha256)
        is not distinct from (old.attempt, old.snapshot_at, old.taken_at, old.manifest_object, old.manifest_gen, old.manifest_sha256);
begin
    if new.id <> old.id or new.fileset <> old.fileset or new.day <> old.day or new.opened_at <> old.opened_at then
        raise exception 'a backup keeps its identity' using errcode = 'insufficient_privilege';
    end if;
    if step in ('taken to drilled', 'taken to bad') then
        if not pg_has_role(current_user, 'steward_drill', 'member') then
            raise exception 'only a drill decides whether a backup is good' using errcode = 'insufficient_privilege';
        end if;
        if not same then
            raise exception 'a drill changes nothing of what it judges' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if not pg_has_role(current_user, 'steward_backup', 'member') then
        raise exception 'a drill only gives its verdict' using errcode = 'insufficient_privilege';
    end if;
    if step = 'drilled to drilled' and (not same or new.drilled_at is distinct from old.drilled_at) then
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
create trigger file_backups_step before update on file_backups for each row execute function file_backup_step();

-- A content keeps what it is from the moment that it is stored until it is gone, its
-- time only moves forward, and what was decided is not taken back.
-- +goose StatementBegin
create function file_content_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if new.id <> old.id or new.fileset <> old.fileset or new.object <> old.object then
        raise exception 'a content keeps its identity' using errcode = 'insufficient_privilege';
    end if;
    if old.gone_at is not null then
        raise exception 'what is gone does not change' using errcode = 'insufficient_privilege';
    end if;
    if old.generation is not null and (new.generation, new.bytes, new.sha256) is distinct from (old.generation, old.bytes, old.sha256) then
        raise exception 'what is stored does not change' using errcode = 'insufficient_privilege';
    end if;
    if old.generation is not null and new.gone_at is null and (new.source, new.source_bytes, new.crc32c, new.plain_sha256)
        is distinct from (old.source, old.source_bytes, old.crc32c, old.plain_sha256) then
        raise exception 'what a content is of does not change' using errcode = 'insufficient_privilege';
    end if;
    if new.first_at > old.first_at or new.newest_at < old.newest_at then
        raise exception 'the time of a content only widens' using errcode = 'insufficient_privilege';
    end if;
    if (old.drilled_at is not null and new.drilled_at is distinct from old.drilled_at)
        or (old.bad_at is not null and new.bad_at is distinct from old.bad_at)
        or (old.doomed_at is not null and new.doomed_at is distinct from old.doomed_at) then
        raise exception 'what was decided about a content is not taken back' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger file_contents_step before update on file_contents for each row execute function file_content_step();

-- The evidence of files: who backs up says what is stored and gone, who drills what
-- was proven.
-- +goose StatementBegin
create or replace function ledger.writer_of(kind text) returns name language sql immutable set search_path = pg_catalog as $$
    select case
        when kind in ('backup.stored', 'backup.pruned', 'backup.swept', 'backup.overdue', 'backup.missing',
            'backup.excepted', 'backup.exception.ended', 'backup.ceiling.honoured') then 'steward_backup'
        when kind in ('backup.drilled', 'backup.refused') then 'steward_drill'
        when kind in ('files.stored', 'files.pruned') then 'steward_backup'
        when kind in ('files.drilled', 'files.refused') then 'steward_drill'
        else 'steward_core'
    end::name
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function ledger.writer_of(kind text) returns name language sql immutable set search_path = pg_catalog as $$
    select case
        when kind in ('backup.stored', 'backup.pruned', 'backup.swept', 'backup.overdue', 'backup.missing',
            'backup.excepted', 'backup.exception.ended', 'backup.ceiling.honoured') then 'steward_backup'
        when kind in ('backup.drilled', 'backup.refused') then 'steward_drill'
        else 'steward_core'
    end::name
$$;
-- +goose StatementEnd
drop table file_salt;
drop table file_contents;
drop table file_objects;
drop table file_backups;
drop function file_content_step();
drop function file_backup_step();
