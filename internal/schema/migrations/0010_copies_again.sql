-- +goose Up
-- Since when a copy is known to lack an object as it was stored; null for one that is
-- whole. A loss that was made good has another generation now and counts no more.
create function backup_copy_lost(copied text, far text) returns timestamptz language sql stable set search_path = pg_catalog as $$
    select min(m.missing_at) from public.backup_copy_missing as m
        join public.backup_copy_objects as o on o.bucket = m.bucket and o.name = m.name
    where m.backup_id = copied and m.bucket = far and coalesce(o.generation, 0) = m.generation
$$;

-- What was found in the place of an object of a copy, written before it is removed.
create table backup_copy_replaced (
    bucket     text        not null,
    name       text        not null,
    generation bigint      not null,
    backup_id  text        not null references backups (id),
    found_at   timestamptz not null,
    primary key (bucket, name, generation),
    foreign key (bucket, name) references backup_copy_objects (bucket, name)
);
grant select on backup_copy_replaced to steward_core, steward_backup;
grant insert on backup_copy_replaced to steward_backup;

-- A copy that lost an object is made again; one that is whole is never taken back.
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
    if step not in ('running to running', 'running to copied', 'running to pruned', 'copied to pruned') then
        raise exception 'a copy does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
drop table backup_copy_replaced;
drop function backup_copy_lost(text, text);
