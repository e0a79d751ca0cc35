-- +goose Up
-- A backup that stays beyond its time, since no younger one was proven. The row
-- is written before a hold is set and says that the hold is Steward's own; the
-- history of exceptions is in the ledger.
create table backup_exceptions (
    backup_id   text        primary key references backups (id),
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    since       timestamptz not null,
    due_at      timestamptz not null,
    ended_at    timestamptz,
    ended_cause text        not null default '' check (ended_cause ~ '^[a-z_]{0,40}$'),
    -- When its objects were found without a hold after the end.
    released_at timestamptz,
    check ((ended_at is null) = (ended_cause = '')),
    check (released_at is null or ended_at is not null)
);

-- Objects of kept backups that the bucket has no more. A row is never taken back:
-- an object that vanished and came back is not the one that was proven.
create table backup_missing (
    name       text        not null,
    generation bigint      not null,
    backup_id  text        not null references backups (id),
    missing_at timestamptz not null,
    primary key (name, generation)
);
create index backup_missing_backup on backup_missing (backup_id);

-- Objects that outstayed their time, each once, so that the ledger tells of each
-- once however often its deletion fails.
create table backup_overdue (
    name        text        not null,
    generation  bigint      not null,
    backup_id   text        not null references backups (id),
    due_at      timestamptz not null,
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    recorded_at timestamptz not null,
    primary key (name, generation)
);

-- Who acts through the command: an opaque id for each login of this database, so
-- that the ledger can say who it was without a name in it.
create table operators (
    id    text        primary key check (id ~ '^opr_[a-z2-7]{26}$'),
    login name        not null unique default session_user,
    since timestamptz not null
);

-- What an operator asked for. Whoever executes it reads it from here: what reaches
-- a workflow as input can name an act, never make one.
create table operator_acts (
    id           text        primary key check (id ~ '^act_[a-z2-7]{26}$'),
    operator     text        not null references operators (id),
    verb         text        not null check (verb = 'backup.prune'),
    input_sha256 text        not null check (input_sha256 ~ '^[0-9a-f]{64}$'),
    asked_at     timestamptz not null,
    -- When the intent was written to the ledger, when the work began and what it
    -- was then to do, and when its outcome was written.
    intended_at  timestamptz,
    begun_at     timestamptz,
    effects      text,
    ended_at     timestamptz,
    outcome      text        not null default '' check (outcome ~ '^[a-z_]{0,40}$')
);

grant select on backup_exceptions, backup_missing, backup_overdue to steward_core, steward_backup;
grant insert on backup_exceptions, backup_missing, backup_overdue to steward_backup;
grant update on backup_exceptions to steward_backup;
grant select on operators, operator_acts to steward_core, steward_backup;
grant insert (id, since) on operators to steward_core;
grant insert (id, operator, verb, input_sha256, asked_at) on operator_acts to steward_core;
grant update (intended_at, ended_at, outcome) on operator_acts to steward_core;
grant update (begun_at, effects) on operator_acts to steward_backup;

-- An act is of whoever is logged in, and what was asked does not change.
-- +goose StatementBegin
create function operator_act_step() returns trigger language plpgsql set search_path = pg_catalog as $$
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
create trigger operator_acts_step before insert or update on operator_acts
    for each row execute function operator_act_step();

-- The backup role writes what a prune does and finds.
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

-- +goose Down
-- +goose StatementBegin
create or replace function ledger.writer_of(kind text) returns name language sql immutable set search_path = pg_catalog as $$
    select case
        when kind in ('backup.stored', 'backup.pruned') then 'steward_backup'
        when kind in ('backup.drilled', 'backup.refused') then 'steward_drill'
        else 'steward_core'
    end::name
$$;
-- +goose StatementEnd
drop table operator_acts;
drop table operators;
drop function operator_act_step();
drop table backup_overdue;
drop table backup_missing;
drop table backup_exceptions;
