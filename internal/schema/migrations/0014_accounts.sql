-- +goose Up
-- The accounts, and when each was last alive. An account is known by the app's own
-- key where that is an integer or a UUID. Any other key could be a name or an
-- address: it is kept as a keyed hash only, beside an id that Steward made.
create table account_keys (
    key_hmac bytea       primary key check (octet_length(key_hmac) = 32),
    account  text        not null unique check (account ~ '^acc_[a-z2-7]{26}$'),
    since    timestamptz not null
);

-- Which lookup key those hashes were made under: an HMAC of a fixed label. With another
-- key every account would be made a second time.
create table account_lookup (
    one   boolean primary key default true check (one),
    proof bytea   not null check (octet_length(proof) = 32)
);

-- A sign of life changes a row and no index, so that Postgres can put the new row
-- beside the old one: the free fifth of each page is for that.
create table accounts (
    id                  text        primary key,
    state               text        not null default 'alive' check (state in ('alive', 'closing', 'closed')),
    -- When Steward first heard of it, and when it began in the app, if the app said so.
    registered_at       timestamptz not null,
    created_at          timestamptz,
    last_interaction_at timestamptz,
    -- The newest payment; until when the subscription is paid, and when that was so.
    paid_at             timestamptz,
    paid_until          timestamptz,
    paid_until_said_at  timestamptz,
    cancelled_at        timestamptz,
    -- Counts what was news: whoever decides about an account names the count that it
    -- saw, and is refused if there were news since.
    signs               bigint      not null default 0,
    -- The case that closes it, such as an erasure.
    closing_case        text        not null default '' check (closing_case = '' or closing_case ~ '^[a-z]{3}_[a-z2-7]{26}$'),
    closing_at          timestamptz,
    closed_at           timestamptz,
    check ((paid_until is null) = (paid_until_said_at is null)),
    check ((state = 'alive') = (closing_case = '') and (state = 'alive') = (closing_at is null)),
    check ((state = 'closed') = (closed_at is not null))
) with (fillfactor = 80);
create index accounts_closing on accounts (closing_at) where state = 'closing';

-- The form of an id is looked at when a row is made and never again: as a check it
-- would be a third of what a sign of life costs.
-- +goose StatementBegin
create function account_is_no_id() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'an account has no such id' using errcode = 'check_violation';
end
$$;
-- +goose StatementEnd
create trigger accounts_id after insert or update of id on accounts for each row
    when (new.id !~ '^(0|[1-9][0-9]{0,18}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|acc_[a-z2-7]{26})$')
    execute function account_is_no_id();

-- An account of Steward's own ids is one that was given: a process may remember an id
-- that a restore of this database has taken back.
-- +goose StatementBegin
create function account_is_given() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if not exists (select from public.account_keys where account = new.id) then
        raise exception 'no account was given this id' using errcode = 'foreign_key_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger accounts_given after insert on accounts for each row
    when (starts_with(new.id, 'acc_')) execute function account_is_given();

-- alive, closing, closed: the way back from closing is open to everybody who may
-- bring a sign of life, the way on to the core alone, and closed is the end.
-- +goose StatementBegin
create function account_step() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    step text := old.state || ' to ' || new.state;
begin
    if step not in ('alive to closing', 'closing to alive', 'closing to closed') then
        raise exception 'an account does not go from %', step using errcode = 'insufficient_privilege';
    end if;
    if new.state <> 'alive' and not pg_has_role(current_user, 'steward_core', 'member') then
        raise exception 'only the core closes an account' using errcode = 'insufficient_privilege';
    end if;
    if step = 'closing to closed' and (new.closing_case, new.signs) is distinct from (old.closing_case, old.signs) then
        raise exception 'the case that closes an account is the one that began' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger accounts_step before update of state on accounts for each row
    when (old.state <> new.state) execute function account_step();
-- What was closed stays as it is.
-- +goose StatementBegin
create function account_is_closed() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'a closed account does not change' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger accounts_closed before update on accounts for each row
    when (old.state = 'closed') execute function account_is_closed();

grant select, insert on account_keys to steward_api;
grant select, insert (proof) on account_lookup to steward_api;
grant select on accounts to steward_api;
grant insert (id, registered_at, created_at, last_interaction_at, paid_at, paid_until, paid_until_said_at, cancelled_at, signs)
    on accounts to steward_api;
grant update (state, created_at, last_interaction_at, paid_at, paid_until, paid_until_said_at, cancelled_at, signs, closing_case, closing_at)
    on accounts to steward_api;
grant select on accounts to steward_core;
grant update (state, closing_case, closing_at, closed_at) on accounts to steward_core;
-- It dumps this database.
grant select on account_keys, account_lookup, accounts to steward_backup;

-- +goose Down
drop table accounts;
drop function account_is_closed();
drop function account_step();
drop function account_is_given();
drop function account_is_no_id();
drop table account_lookup;
drop table account_keys;
