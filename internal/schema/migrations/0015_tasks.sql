-- +goose Up
-- What a person must do. The table of kinds, with their roles, times and outcomes,
-- is that of package task. Nothing here says what it is about in words: the
-- subject is an opaque id.
create table tasks (
    id        text        primary key check (id ~ '^tsk_[a-z2-7]{26}$'),
    kind      text        not null check (kind ~ '^[a-z]+([._][a-z]+)*$'),
    subject   text        not null check (subject ~ '^([0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z]{3}_[a-z2-7]{26})$'),
    role      text        not null check (role in ('support', 'lead', 'operator', 'auditor')),
    opened_at timestamptz not null,
    -- Who asked: the opaque id of an app's key or of a member of staff, or steward.
    opened_by text        not null check (opened_by ~ '^[a-z]+(_[a-z2-7]{26})?$'),
    due_at    timestamptz not null check (due_at >= opened_at),
    done_at   timestamptz,
    done_by   text        not null default '' check (done_by ~ '^([a-z]+_[a-z2-7]{26})?$'),
    outcome   text        not null default '' check (outcome ~ '^[a-z_]{0,40}$'),
    -- When the record goes; never while it is open.
    ends_at   timestamptz not null default 'infinity',
    check ((done_at is null) = (outcome = '') and (done_at is null) = (done_by = '')),
    check ((done_at is null) = (ends_at = 'infinity'))
);
-- Asked twice, it is one task.
create unique index tasks_once on tasks (kind, subject) where done_at is null;
create index tasks_open on tasks (due_at, id) where done_at is null;
create index tasks_done on tasks (done_at desc, id desc) where done_at is not null;
create index tasks_ends on tasks (ends_at) where done_at is not null;

-- What was opened, or done, stays as it was.
-- +goose StatementBegin
create function task_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if old.done_at is not null
        or (new.id, new.kind, new.subject, new.role, new.opened_at, new.opened_by, new.due_at)
            is distinct from (old.id, old.kind, old.subject, old.role, old.opened_at, old.opened_by, old.due_at) then
        raise exception 'a task keeps what was said of it' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
-- Who removes old records cannot remove what still waits for somebody.
-- +goose StatementBegin
create function task_waits() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'a task goes when it was done' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger tasks_wait before delete on tasks for each row when (old.done_at is null) execute function task_waits();
create trigger tasks_step before update on tasks for each row execute function task_step();

grant select on tasks to steward_api, steward_core, steward_backup;
grant insert (id, kind, subject, role, opened_at, opened_by, due_at) on tasks to steward_api, steward_core;
grant update (done_at, done_by, outcome, ends_at) on tasks to steward_api;
-- Own records go at their end. A lock on a row takes the right to update something.
grant delete, update (ends_at) on tasks to steward_core;

-- +goose Down
drop table tasks;
drop function task_waits();
drop function task_step();
