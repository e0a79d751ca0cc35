-- +goose Up
-- Where the record lies that erases a subject again after a restore (internal/replay). What
-- it says is in the bucket, sealed.
create table replay_records (
    erasure    text        primary key check (erasure ~ '^era_[a-z2-7]{26}$'),
    object     text        not null unique check (object = 'erasures/' || erasure || '/replay'),
    generation bigint      not null check (generation > 0),
    bytes      bigint      not null check (bytes > 0),
    -- Of what is stored, and of what is sealed in it.
    sha256     text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    content    text        not null check (content ~ '^[0-9a-f]{64}$'),
    keys       bigint      not null check (keys >= 0),
    -- The plan that it was written for: only that one gets a tombstone.
    plan       text        not null check (plan ~ '^[0-9a-f]{64}$'),
    written_at timestamptz not null,
    -- When it was proven gone from every listing, after the subject was gone everywhere.
    gone_at    timestamptz check (gone_at >= written_at)
);

-- What a tombstone was committed on stays, until it is gone for good.
-- +goose StatementBegin
create function replay_record_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if old.gone_at is not null
        or new.gone_at is null and exists (select from public.erasure_tombstones where erasure = old.erasure)
        or new.gone_at is not null and (new.erasure, new.object, new.generation, new.bytes, new.sha256, new.content, new.keys, new.plan, new.written_at)
            is distinct from (old.erasure, old.object, old.generation, old.bytes, old.sha256, old.content, old.keys, old.plan, old.written_at) then
        raise exception 'a replay record stays as it is' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger replay_records_step before update on replay_records for each row execute function replay_record_step();

-- The keys of pseudonyms (internal/pseudonym), each sealed under the key of its erasure's
-- case. A row is deleted to destroy its key.
create table pseudonym_keys (
    erasure text        primary key references erasures (id) on delete cascade,
    sealed  bytea       not null check (octet_length(sealed) between 40 and 4096),
    made_at timestamptz not null
);

grant select on replay_records, pseudonym_keys to steward_core, steward_backup;
grant select on replay_records to steward_api;
grant select, insert, update on replay_records to steward_erase;
grant select, insert, delete on pseudonym_keys to steward_erase;
grant delete on pseudonym_keys to steward_core;

-- Whoever erases looks how long backups that may hold the subject can stay.
grant select on backups, backup_exceptions, file_backups, file_exceptions, backup_copies, backup_copy_exceptions to steward_erase;

-- +goose Down
revoke select on backups, backup_exceptions, file_backups, file_exceptions, backup_copies, backup_copy_exceptions from steward_erase;
drop table pseudonym_keys;
drop table replay_records;
drop function replay_record_step();
