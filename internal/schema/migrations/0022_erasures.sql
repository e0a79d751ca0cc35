-- Erasures: one row for each, at the stage that it has reached (internal/erasure). This
-- is the truth; a workflow only moves it on, and starts again from here.

-- +goose Up
-- The role of what erases in the app's databases and buckets.
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'steward_erase') then
        create role steward_erase nologin;
    end if;
exception when duplicate_object or unique_violation then
    null; -- another database of this cluster makes it at this moment
end
$$;
-- +goose StatementEnd

create table erasures (
    id            text        primary key check (id ~ '^era_[a-z2-7]{26}$'),
    -- What asked for it: a task, an act of staff, a request. One cause, one erasure.
    cause         text        not null unique check (cause ~ '^[a-z]{3}_[a-z2-7]{26}$'),
    -- The table of reasons, and which of them ask for an approval, is erasure.Reasons.
    reason        text        not null check (reason ~ '^[a-z]+([._][a-z]+)*$'),
    approval      boolean     not null,
    kind          text        not null check (kind in ('account', 'person')),
    -- The account's id; of a person the scope, empty for the tables of the controller.
    account       text        not null default ''
        check (account ~ '^([0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|acc_[a-z2-7]{26})?$'),
    check (kind = 'person' or account <> ''),
    mode          text        not null check (mode in ('observe', 'enforce')),
    -- That of the certificates.
    language      text        not null check (language ~ '^[a-z]{2}$'),
    -- Who wanted it, and who opened the case: neither of them approves it.
    asked_by      text        not null check (asked_by ~ '^[a-z]+(_[a-z2-7]{26})?$'),
    opened_by     text        not null check (opened_by ~ '^[a-z]+(_[a-z2-7]{26})?$'),
    opened_at     timestamptz not null,
    stage         text        not null default 'requested' check (stage in ('requested', 'planned', 'awaiting_approval', 'closing',
        'tombstoned', 'executing', 'verifying', 'answered', 'waiting', 'done', 'held', 'cancelled', 'blocked', 'observed')),
    staged_at     timestamptz not null,
    -- The number of the newest plan; 0 before the first.
    plan          integer     not null default 0,
    -- Where a closing goes back to instead of on, once the app has reopened the subject.
    back_to       text        not null default '' check (back_to in ('', 'requested', 'held', 'cancelled', 'blocked')),
    -- What the app was told of the subject last.
    app           text        not null default '' check (app in ('', 'closed', 'reopened')),
    -- Of a blocked one: the failure code, and the stage in which it stopped.
    code          text        not null default '' check (code ~ '^[a-z_]{0,60}$'),
    stopped_in    text        not null default '',
    check ((stage = 'blocked') = (stopped_in <> '')),
    -- The last re-check of this closing, at which the plan still held.
    rechecked_at  timestamptz,
    -- The ledger's entry from which on nothing takes it back.
    tombstone     text        unique,
    erased_at     timestamptz,
    verified_at   timestamptz,
    -- When nothing can be left anywhere; null while nobody can say.
    gone_by       timestamptz,
    -- The acts of staff that ask to cancel it, or to try it again.
    cancel_act    text        references staff_acts (id),
    retry_act     text        references staff_acts (id),
    -- Somebody acted on it since its workflow looked.
    news          boolean     not null default true,
    ended_at      timestamptz,
    check ((stage in ('done', 'cancelled', 'observed')) = (ended_at is not null)),
    -- When the record goes; never while it is open.
    ends_at       timestamptz not null default 'infinity',
    check ((ended_at is null) = (ends_at = 'infinity')),
    check (tombstone is null or stage not in ('requested', 'planned', 'awaiting_approval', 'closing', 'held', 'cancelled', 'observed')),
    check (tombstone is not null or stage not in ('tombstoned', 'executing', 'verifying', 'answered', 'waiting', 'done'))
);
-- An account has one open erasure.
create unique index erasures_account on erasures (account) where kind = 'account' and ended_at is null;
create index erasures_newest on erasures (opened_at desc, id desc);
create index erasures_open on erasures (id) where ended_at is null;
create index erasures_news on erasures (id) where news and ended_at is null;
create index erasures_end on erasures (ends_at) where ended_at is not null;

-- Whose data it is, sealed with the key of the case: for a person the typed identities,
-- for an account the app's own key where that is no id. matches are keyed hashes of the
-- identities, which a hold is compared with. All of it goes when the case ends.
create table erasure_subjects (
    erasure text    primary key references erasures (id) on delete cascade,
    sealed  bytea   not null,
    matches bytea[] not null default '{}'
);

-- What it will do, without a value of the subject. A new look at the stores is a new plan.
create table erasure_plans (
    erasure text        not null references erasures (id) on delete cascade,
    number  integer     not null check (number > 0),
    sha256  text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    body    text        not null check (encode(sha256(convert_to(body, 'UTF8')), 'hex') = sha256),
    made_at timestamptz not null,
    primary key (erasure, number)
);

-- One plan is approved once. signs is the count of the account's signs of life at that moment.
create table erasure_approvals (
    erasure text        not null,
    plan    integer     not null,
    act     text        not null unique references staff_acts (id),
    signs   bigint      not null default 0,
    at      timestamptz not null,
    primary key (erasure, plan),
    foreign key (erasure, plan) references erasure_plans (erasure, number) on delete cascade
);

-- The keys of what goes, sealed with the key of the case (internal/erasure/frozen).
create table erasure_frozen (
    erasure text    not null references erasures (id) on delete cascade,
    -- The set: a store's name, a slash, and what the store calls it.
    name    text    not null check (length(name) between 1 and 400),
    chunk   integer not null check (chunk >= 0),
    sealed  bytea   not null,
    primary key (erasure, name, chunk)
);

-- How each store came out.
create table erasure_stores (
    erasure     text        not null references erasures (id) on delete cascade,
    store       text        not null check (length(store) between 1 and 120),
    outcome     text        not null
        check (outcome in ('erased', 'pseudonymised', 'retained', 'nothing-found', 'expires', 'failed', 'attested')),
    count       bigint      not null default 0,
    until       timestamptz,
    basis       text        not null default '',
    code        text        not null default '',
    erased_at   timestamptz not null,
    -- When it was last looked at by other code and nothing was found.
    verified_at timestamptz,
    -- When nothing can be left there, or the failure code of why nobody can say.
    gone_by     timestamptz,
    gone_code   text        not null default '',
    check (gone_by is null or gone_code = ''),
    primary key (erasure, store)
);

-- What verify found still there: places and counts. It stays until the next look.
create table erasure_remainders (
    erasure text        not null references erasures (id) on delete cascade,
    store   text        not null,
    place   text        not null,
    why     text        not null,
    rows    bigint      not null,
    at      timestamptz not null,
    primary key (erasure, store, place, why)
);

-- The stages, and whose step each is. The same table stands in erasure.Steps; a test
-- compares the two.
create table erasure_steps (
    from_stage text not null,
    to_stage   text not null,
    role       text not null check (role in ('core', 'erase')),
    primary key (from_stage, to_stage)
);
insert into erasure_steps values
    ('requested', 'planned', 'erase'), ('requested', 'cancelled', 'core'), ('requested', 'blocked', 'core'), ('requested', 'held', 'core'),
    ('planned', 'awaiting_approval', 'core'), ('planned', 'closing', 'core'), ('planned', 'observed', 'core'),
    ('planned', 'held', 'core'), ('planned', 'cancelled', 'core'), ('planned', 'requested', 'core'), ('planned', 'blocked', 'core'),
    ('awaiting_approval', 'closing', 'core'), ('awaiting_approval', 'requested', 'core'), ('awaiting_approval', 'held', 'core'),
    ('awaiting_approval', 'cancelled', 'core'), ('awaiting_approval', 'blocked', 'core'),
    ('closing', 'tombstoned', 'core'), ('closing', 'requested', 'core'), ('closing', 'held', 'core'), ('closing', 'cancelled', 'core'),
    ('closing', 'blocked', 'core'),
    ('held', 'requested', 'core'), ('held', 'cancelled', 'core'),
    ('blocked', 'requested', 'core'), ('blocked', 'cancelled', 'core'), ('blocked', 'held', 'core'), ('blocked', 'executing', 'core'),
    ('blocked', 'tombstoned', 'core'),
    ('tombstoned', 'executing', 'core'), ('tombstoned', 'blocked', 'core'),
    ('executing', 'verifying', 'erase'), ('executing', 'blocked', 'core'),
    ('verifying', 'answered', 'erase'), ('verifying', 'blocked', 'core'), ('verifying', 'executing', 'erase'),
    ('answered', 'waiting', 'core'), ('answered', 'blocked', 'core'),
    ('waiting', 'done', 'core'), ('waiting', 'executing', 'core'), ('waiting', 'blocked', 'core');

-- A stage follows another as the table says, by the role that it names; what was said of
-- a case stays; and nothing is erased that nobody approved.
-- +goose StatementBegin
create function erasure_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    asked text;
begin
    if (new.id, new.cause, new.reason, new.approval, new.kind, new.account, new.mode, new.language, new.asked_by, new.opened_by, new.opened_at)
        is distinct from
        (old.id, old.cause, old.reason, old.approval, old.kind, old.account, old.mode, old.language, old.asked_by, old.opened_by, old.opened_at) then
        raise exception 'an erasure keeps what was asked for' using errcode = 'insufficient_privilege';
    end if;
    if old.ended_at is not null and (new.stage, new.ended_at, new.tombstone) is distinct from (old.stage, old.ended_at, old.tombstone) then
        raise exception 'an erasure that ended does not change' using errcode = 'insufficient_privilege';
    end if;
    if old.tombstone is not null and new.tombstone is distinct from old.tombstone then
        raise exception 'a tombstone stays' using errcode = 'insufficient_privilege';
    end if;
    -- Its tombstone is the one of the ledger, and comes with that one step alone.
    if old.tombstone is null and new.tombstone is not null and ((old.stage, new.stage) is distinct from ('closing', 'tombstoned')
        or not exists (select from public.erasure_tombstones as t where t.erasure = new.id and t.entry = new.tombstone)) then
        raise exception 'this is no tombstone of the erasure' using errcode = 'insufficient_privilege';
    end if;
    if new.stage = old.stage then
        return new;
    end if;
    if new.stage in ('tombstoned', 'executing') and new.tombstone is null then
        raise exception 'nothing is erased without a tombstone' using errcode = 'insufficient_privilege';
    end if;
    if new.stage = 'executing' and not exists (select from public.erasure_tombstones as t
        where t.erasure = new.id and t.entry = new.tombstone and t.sealed_at is not null) then
        raise exception 'nothing is erased before its tombstone is sealed' using errcode = 'insufficient_privilege';
    end if;
    select role into asked from public.erasure_steps where from_stage = old.stage and to_stage = new.stage;
    if asked is null then
        raise exception 'an erasure does not go from % to %', old.stage, new.stage using errcode = 'insufficient_privilege';
    end if;
    if not pg_has_role(current_user, ('steward_' || asked)::name, 'member') then
        raise exception 'this step is that of the role %', asked using errcode = 'insufficient_privilege';
    end if;
    if new.stage = 'tombstoned' and old.stage = 'closing' then
        if new.mode <> 'enforce' or new.back_to <> '' or new.rechecked_at is null or new.cancel_act is not null then
            raise exception 'this erasure was not re-checked' using errcode = 'insufficient_privilege';
        end if;
        if new.approval and not exists (
            select from public.erasure_approvals as a
            join public.erasure_plans as p on (p.erasure, p.number) = (a.erasure, a.plan)
            join public.staff_acts as s on s.id = a.act
            where a.erasure = new.id and a.plan = new.plan and s.verb = 'erasure.approve' and s.object = new.id
                and s.input_sha256 = p.sha256 and s.role = 'lead' and s.staff not in (new.asked_by, new.opened_by)
        ) then
            raise exception 'nobody who may has approved this plan' using errcode = 'insufficient_privilege';
        end if;
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger erasures_step before update on erasures for each row execute function erasure_step();

-- It goes when it has ended.
-- +goose StatementBegin
create function erasure_waits() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'an erasure goes when it has ended' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger erasures_wait before delete on erasures for each row when (old.ended_at is null) execute function erasure_waits();

-- The API makes the keys of the cases that people open with it, and still reads none.
-- +goose StatementBegin
create or replace function case_key_of_api() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if pg_has_role(current_user, 'steward_api', 'member') and not pg_has_role(current_user, 'steward_core', 'member')
        and coalesce(new.case_id, old.case_id) !~ '^whe_' and not (tg_op = 'INSERT' and new.case_id ~ '^era_') then
        raise exception 'the key of this case belongs to the core role' using errcode = 'insufficient_privilege';
    end if;
    return coalesce(new, old);
end
$$;
-- +goose StatementEnd

-- The API opens cases, each at its first stage, and notes acts on them. It never reads
-- whose data it is.
grant select on erasures, erasure_plans, erasure_approvals, erasure_stores, erasure_remainders to steward_api;
grant insert (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at) on erasures to steward_api;
grant update (cancel_act, retry_act, news) on erasures to steward_api;
grant insert on erasure_subjects, erasure_approvals to steward_api;
-- The core decides and writes evidence.
grant select on erasures, erasure_plans, erasure_approvals, erasure_stores, erasure_remainders, erasure_steps to steward_core;
grant select (erasure, matches), delete on erasure_subjects to steward_core;
grant delete on erasures to steward_core;
grant select (erasure, name, chunk), delete on erasure_frozen to steward_core;
grant update (stage, staged_at, back_to, app, code, stopped_in, rechecked_at, tombstone, retry_act, cancel_act, news, gone_by, ended_at, ends_at)
    on erasures to steward_core;
-- It closes the task to mend a case that went on without anybody's word, and no other: what a
-- person must do, no machine does.
grant update (done_at, done_by, outcome) on tasks to steward_core;
-- +goose StatementBegin
create function task_of_people() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if pg_has_role(current_user, 'steward_core', 'member') and not pg_has_role(current_user, 'steward_api', 'member') then
        raise exception 'this task is done by people' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger tasks_of_people before update of done_at, done_by, outcome on tasks for each row
    when (new.kind <> 'erasure.mend') execute function task_of_people();
-- The erase role looks into stores and erases.
grant select on erasures, erasure_subjects, erasure_plans, erasure_approvals, erasure_frozen, erasure_stores, erasure_remainders, erasure_steps,
    case_keys, goose_db_version to steward_erase;
grant update (stage, staged_at, plan, back_to, app, rechecked_at, erased_at, verified_at, gone_by) on erasures to steward_erase;
grant insert on erasure_plans to steward_erase;
grant insert, update, delete on erasure_frozen, erasure_stores, erasure_remainders to steward_erase;
grant select on erasures, erasure_subjects, erasure_plans, erasure_approvals, erasure_frozen, erasure_stores, erasure_remainders, erasure_steps
    to steward_backup;

-- +goose Down
drop trigger tasks_of_people on tasks;
drop function task_of_people();
-- +goose StatementBegin
create or replace function case_key_of_api() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if pg_has_role(current_user, 'steward_api', 'member') and not pg_has_role(current_user, 'steward_core', 'member')
        and coalesce(new.case_id, old.case_id) !~ '^whe_' then
        raise exception 'the key of this case belongs to the core role' using errcode = 'insufficient_privilege';
    end if;
    return coalesce(new, old);
end
$$;
-- +goose StatementEnd
revoke update (done_at, done_by, outcome) on tasks from steward_core;
revoke select on case_keys, goose_db_version from steward_erase;
drop table erasure_steps, erasure_remainders, erasure_stores, erasure_frozen, erasure_approvals, erasure_plans, erasure_subjects, erasures;
drop function erasure_waits();
drop function erasure_step();
-- The role stays: it belongs to the whole cluster.
