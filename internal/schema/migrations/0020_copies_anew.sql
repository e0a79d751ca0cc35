-- +goose Up
-- A copy that went with its bucket is begun anew when the policy names a bucket of that
-- name again: from nothing, at a time and under a name of its own. What is gone in any
-- other way stays gone. The sentence is copycatalogue.WithItsBucket.
grant update (location, started_at) on backup_copies to steward_backup;

-- +goose StatementBegin
create or replace function backup_copy_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    step text;
    proven boolean := exists (select from public.backups where id = new.backup_id and state = 'drilled');
begin
    if tg_op = 'INSERT' then
        if not proven then
            raise exception 'only a proven backup is copied' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    step := old.state || ' to ' || new.state;
    if step = 'pruned to running' then
        if (new.backup_id, new.bucket) is distinct from (old.backup_id, old.bucket) then
            raise exception 'a copy keeps its identity' using errcode = 'insufficient_privilege';
        end if;
        if not proven or old.reason <> 'gone with its bucket, which the policy names no longer and which was deleted' then
            raise exception 'a copy that is gone does not come back' using errcode = 'insufficient_privilege';
        end if;
        if (new.copied_at, new.pruned_at, new.manifest_gen, new.bytes, new.reason) is distinct from
            (null::timestamptz, null::timestamptz, null::bigint, 0::bigint, ''::text) then
            raise exception 'a copy that is begun anew begins with nothing' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if (new.backup_id, new.bucket, new.location, new.started_at)
        is distinct from (old.backup_id, old.bucket, old.location, old.started_at) then
        raise exception 'a copy keeps its identity' using errcode = 'insufficient_privilege';
    end if;
    if old.state <> 'running' and (new.copied_at, new.manifest_gen, new.bytes)
        is distinct from (old.copied_at, old.manifest_gen, old.bytes) then
        raise exception 'what was copied does not change' using errcode = 'insufficient_privilege';
    end if;
    if step = 'copied to running' then
        if public.backup_copy_lost(old.backup_id, old.bucket) is null then
            raise exception 'a copy that is whole is not made again' using errcode = 'insufficient_privilege';
        end if;
    elsif step not in ('running to running', 'running to copied', 'running to pruned', 'copied to pruned') then
        raise exception 'a copy does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function backup_copy_step() returns trigger language plpgsql set search_path = pg_catalog as $$
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
    if step = 'copied to running' then
        if public.backup_copy_lost(old.backup_id, old.bucket) is null then
            raise exception 'a copy that is whole is not made again' using errcode = 'insufficient_privilege';
        end if;
    elsif step not in ('running to running', 'running to copied', 'running to pruned', 'copied to pruned') then
        raise exception 'a copy does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
revoke update (location, started_at) on backup_copies from steward_backup;
