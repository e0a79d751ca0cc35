-- Legal holds (internal/hold): while one stands, no erasure of what it protects gets its
-- tombstone.

-- +goose Up
create table holds (
    id          text        primary key check (id ~ '^hld_[a-z2-7]{26}$'),
    kind        text        not null check (kind in ('account', 'person')),
    -- The account's id; of a person the scope, empty for all of them.
    account     text        not null default ''
        check (account ~ '^([0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|acc_[a-z2-7]{26})?$'),
    check (kind = 'person' or account <> ''),
    -- Keyed hashes of a person's identities, as those of an erasure.
    matches     bytea[]     not null default '{}',
    check ((kind = 'person') = (cardinality(matches) > 0)),
    -- What it rests on: a reference such as a docket number, no name.
    basis       text        not null check (basis ~ '^[A-Za-z0-9][A-Za-z0-9 ._/:-]{0,79}$'),
    set_act     text        not null unique references staff_acts (id),
    set_at      timestamptz not null,
    until       timestamptz not null check (until > set_at),
    -- It stands until somebody released it, or its time was found to be over.
    released_at timestamptz,
    release_act text        references staff_acts (id),
    -- When the record goes; never while it stands.
    ends_at     timestamptz not null default 'infinity',
    check ((released_at is null) = (ends_at = 'infinity')),
    check (release_act is null or released_at is not null)
);
create index holds_standing on holds (until) where released_at is null;
create index holds_newest on holds (set_at desc, id desc);
create index holds_end on holds (ends_at) where released_at is not null;

-- What was held stays said, and what stands does not go.
-- +goose StatementBegin
create function hold_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if tg_op = 'DELETE' then
        if old.released_at is null then
            raise exception 'a hold goes when it was released' using errcode = 'insufficient_privilege';
        end if;
        return old;
    end if;
    if old.released_at is not null and (new.released_at, new.release_act) is distinct from (old.released_at, old.release_act)
        or (new.id, new.kind, new.account, new.matches, new.basis, new.set_act, new.set_at, new.until)
            is distinct from (old.id, old.kind, old.account, old.matches, old.basis, old.set_act, old.set_at, old.until) then
        raise exception 'a hold keeps what was said of it' using errcode = 'insufficient_privilege';
    end if;
    if new.released_at is not null and old.released_at is null and new.release_act is null and new.released_at < new.until then
        raise exception 'a hold ends at its time, or by an act' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger holds_step before update or delete on holds for each row execute function hold_step();

-- Whether a hold protects what an erasure takes. One of an account protects the account
-- and the persons within it; one of a person protects that person, and the account that is the scope.
-- Nobody can tell here which accounts hold a person that is looked for without a scope, nor in which account
-- somebody is who is held without one: the first waits for every hold of an account, and the second stops every
-- erasure of an account.
-- +goose StatementBegin
create function erasure_held(era text) returns boolean language sql stable set search_path = pg_catalog as $$
    select exists (
        select from public.erasures as e
        left join public.erasure_subjects as s on s.erasure = e.id
        join public.holds as h on h.released_at is null
        where e.id = era and (
            h.kind = 'account' and h.account = e.account
            or h.kind = 'account' and e.kind = 'person' and e.account = ''
            or h.kind = 'person' and e.kind = 'account' and h.account in ('', e.account)
            or h.kind = 'person' and e.kind = 'person' and h.matches && s.matches
                and (h.account = e.account or h.account = '' or e.account = '')
        )
    )
$$;
-- +goose StatementEnd

-- No tombstone while a hold stands, whoever asks.
-- +goose StatementBegin
create function erasure_not_held() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if public.erasure_held(new.id) then
        raise exception 'a legal hold protects the subject' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger erasures_not_held before update of stage, tombstone on erasures for each row
    when (old.tombstone is null and new.tombstone is not null) execute function erasure_not_held();

grant select on holds to steward_api, steward_core, steward_backup;
grant insert (id, kind, account, matches, basis, set_act, set_at, until) on holds to steward_api;
grant update (released_at, release_act, ends_at) on holds to steward_api;
-- The core ends what is over, and removes old records.
grant update (released_at, ends_at), delete on holds to steward_core;

-- +goose Down
drop trigger erasures_not_held on erasures;
drop function erasure_not_held();
drop function erasure_held(text);
drop table holds;
drop function hold_step();
