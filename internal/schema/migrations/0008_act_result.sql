-- +goose Up
-- How the work of an act ended is written by who carried it out. What a workflow
-- says of it could be forged by whoever reaches Temporal, so the outcome in the
-- ledger is read from here. Each try writes its own; done is the last.
alter table operator_acts add column result text not null default '' check (result ~ '^[a-z_]{0,40}$');
grant update (result) on operator_acts to steward_backup;

-- +goose StatementBegin
create or replace function operator_act_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if tg_op = 'INSERT' then
        if not exists (select from public.operators where id = new.operator and login = session_user) then
            raise exception 'an act is its own operator''s' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if (new.id, new.operator, new.verb, new.input_sha256, new.asked_at)
        is distinct from (old.id, old.operator, old.verb, old.input_sha256, old.asked_at)
        or old.ended_at is not null
        or old.intended_at is not null and new.intended_at is distinct from old.intended_at
        or old.begun_at is not null and (new.begun_at, new.effects) is distinct from (old.begun_at, old.effects)
        or old.result = 'done' and new.result <> 'done'
        or new.result = 'done' and new.begun_at is null then
        raise exception 'an act keeps what was said of it' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function operator_act_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if tg_op = 'INSERT' then
        if not exists (select from public.operators where id = new.operator and login = session_user) then
            raise exception 'an act is its own operator''s' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if (new.id, new.operator, new.verb, new.input_sha256, new.asked_at)
        is distinct from (old.id, old.operator, old.verb, old.input_sha256, old.asked_at)
        or old.ended_at is not null
        or old.intended_at is not null and new.intended_at is distinct from old.intended_at
        or old.begun_at is not null and (new.begun_at, new.effects) is distinct from (old.begun_at, old.effects) then
        raise exception 'an act keeps what was said of it' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
revoke update (result) on operator_acts from steward_backup;
alter table operator_acts drop column result;
