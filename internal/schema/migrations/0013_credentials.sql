-- +goose Up
-- Staff: an opaque id for each person who acts through the API. The handle is what
-- operators call the access, such as "support-2"; it is no name. A row stays, since
-- acts name it; its handle is free again once the access has ended.
create table staff (
    id       text        primary key check (id ~ '^stf_[a-z2-7]{26}$'),
    handle   text        not null check (handle ~ '^[a-z][a-z0-9-]{1,31}$'),
    role     text        not null check (role in ('support', 'lead', 'operator', 'auditor')),
    since    timestamptz not null,
    ended_at timestamptz
);
create unique index staff_handle on staff (handle) where ended_at is null;

-- Tokens of staff and keys of the app: the public id and the SHA-256 of a secret of
-- 256 random bits. ends_at is when the row itself goes.
create table staff_tokens (
    id            text        primary key check (id ~ '^tok_[a-z2-7]{26}$'),
    staff         text        not null references staff (id),
    -- Who made it, and so has seen it. Made by somebody else, it is good for making
    -- one that only its owner knows.
    made_by       text        not null references staff (id),
    secret_sha256 bytea       not null check (octet_length(secret_sha256) = 32),
    made_at       timestamptz not null,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    ends_at       timestamptz not null check (ends_at > expires_at)
);
create index staff_tokens_staff on staff_tokens (staff);
create index staff_tokens_ends on staff_tokens (ends_at);

create table api_keys (
    id            text        primary key check (id ~ '^key_[a-z2-7]{26}$'),
    -- Whose key it is: it stays when the key is rotated.
    app           text        not null check (app ~ '^app_[a-z2-7]{26}$'),
    label         text        not null check (label ~ '^[a-z][a-z0-9-]{1,31}$'),
    scopes        text[]      not null check (cardinality(scopes) between 1 and 32),
    secret_sha256 bytea       not null check (octet_length(secret_sha256) = 32),
    made_at       timestamptz not null,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    ends_at       timestamptz not null check (ends_at > expires_at)
);
create index api_keys_ends on api_keys (ends_at);

-- What a credential is never changes; it only ends, and earlier, never later.
-- +goose StatementBegin
create function credential_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if new.expires_at > old.expires_at or old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at
        or (to_jsonb(new) - 'expires_at' - 'revoked_at') is distinct from (to_jsonb(old) - 'expires_at' - 'revoked_at') then
        raise exception 'a credential only ends' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger staff_tokens_step before update on staff_tokens for each row execute function credential_step();
create trigger api_keys_step before update on api_keys for each row execute function credential_step();

-- +goose StatementBegin
create function staff_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if (new.id, new.handle, new.since) is distinct from (old.id, old.handle, old.since) or old.ended_at is not null then
        raise exception 'an access that ended stays ended' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger staff_step before update on staff for each row execute function staff_step();

-- Every process of the API hears of every change at its commit, and forgets what it
-- knew. That is how a revocation counts at once.
-- +goose StatementBegin
create function credentials_changed() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    perform pg_notify('steward_credentials', '');
    return null;
end
$$;
-- +goose StatementEnd
create trigger staff_changed after insert or update or delete on staff for each statement execute function credentials_changed();
create trigger staff_tokens_changed after insert or update or delete on staff_tokens for each statement execute function credentials_changed();
create trigger api_keys_changed after insert or update or delete on api_keys for each statement execute function credentials_changed();

-- Acts of staff. A workflow is given the id of an act and reads it back from here;
-- what was done is never changed or taken back.
create table staff_acts (
    id           text        primary key check (id ~ '^act_[a-z2-7]{26}$'),
    staff        text        not null references staff (id),
    credential   text        not null check (credential ~ '^tok_[a-z2-7]{26}$'),
    role         text        not null,
    verb         text        not null check (verb ~ '^[a-z_]+([.][a-z_]+)+$' and length(verb) <= 64),
    object       text        not null check (object ~ '^[a-z0-9][a-z0-9_/.-]{0,127}$'),
    input_sha256 text        not null check (input_sha256 ~ '^([0-9a-f]{64})?$'),
    at           timestamptz not null
);
create index staff_acts_at on staff_acts (at desc, id desc);
create table staff_act_ends (
    act      text        primary key references staff_acts (id),
    outcome  text        not null check (outcome ~ '^[a-z_]{1,40}$'),
    ended_at timestamptz not null
);

-- An act is of somebody who may act at this moment, in the role of this moment, with
-- a token of their own that nobody else has seen; to get one is an act, too.
-- +goose StatementBegin
create function staff_act_begins() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if not exists (
        select from public.staff as s join public.staff_tokens as t on t.staff = s.id
        where s.id = new.staff and s.role = new.role and s.ended_at is null
            and t.id = new.credential and t.revoked_at is null and t.expires_at > new.at
            and (t.made_by = s.id or new.verb = 'staff.rotate' and new.object = s.id)
    ) then
        raise exception 'an act is of staff who may act' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger staff_acts_begin before insert on staff_acts for each row execute function staff_act_begins();

-- Who looked at whose data. It has its own period, and is no evidence of an act.
create table access_log (
    id         bigint      generated always as identity primary key,
    at         timestamptz not null,
    staff      text        not null references staff (id),
    credential text        not null check (credential ~ '^tok_[a-z2-7]{26}$'),
    role       text        not null,
    operation  text        not null check (operation ~ '^[a-z]+(-[a-z]+)*$'),
    -- An opaque id: the app's integer or UUID, or an id of Steward's.
    subject    text        not null check (subject ~ '^[A-Za-z0-9_-]{1,64}$'),
    ends_at    timestamptz not null check (ends_at > at)
);
create index access_log_ends on access_log (ends_at);
create index access_log_subject on access_log (subject, id desc);

-- +goose StatementBegin
create function only_appended() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger staff_acts_kept before update or delete on staff_acts for each row execute function only_appended();
create trigger staff_acts_not_truncated before truncate on staff_acts for each statement execute function only_appended();
create trigger staff_act_ends_kept before update or delete on staff_act_ends for each row execute function only_appended();
create trigger staff_act_ends_not_truncated before truncate on staff_act_ends for each statement execute function only_appended();
create trigger access_log_kept before update on access_log for each row execute function only_appended();

grant select on staff, staff_tokens, api_keys, staff_acts, staff_act_ends, access_log to steward_api;
grant insert (id, handle, role, since) on staff to steward_api;
grant update (role, ended_at) on staff to steward_api;
grant insert (id, staff, made_by, secret_sha256, made_at, expires_at, ends_at) on staff_tokens to steward_api;
grant insert (id, app, label, scopes, secret_sha256, made_at, expires_at, ends_at) on api_keys to steward_api;
grant update (expires_at, revoked_at) on staff_tokens, api_keys to steward_api;
grant insert on staff_acts, staff_act_ends, access_log to steward_api;
-- Workflows read acts and say how they ended. Own records go at their end
grant select on staff, staff_acts, staff_act_ends to steward_core;
grant insert on staff_act_ends to steward_core;
-- (a row is locked before it goes, which takes a right to update; the triggers let
-- no update through).
grant select, delete on staff_tokens, api_keys, access_log to steward_core;
grant update (ends_at) on staff_tokens, api_keys, access_log to steward_core;

-- What staff do through the API is written by the API, and who makes the first
-- operator is logged in as the owner of these tables; everything else as before.
-- +goose StatementBegin
create function ledger.may_write(kind text) returns boolean language sql stable set search_path = pg_catalog as $$
    select pg_has_role(current_user, ledger.writer_of(kind), 'member')
        or kind in ('act.intended', 'act.done') and (
            pg_has_role(current_user, 'steward_api', 'member')
            or pg_has_role(current_user, (select relowner from pg_class where oid = 'public.staff'::regclass), 'member'))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function ledger.only_writer() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if not ledger.may_write(new.kind) then
        raise exception 'this role does not write entries of kind %', new.kind using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function ledger.only_writer() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if not pg_has_role(current_user, ledger.writer_of(new.kind), 'member') then
        raise exception 'this role does not write entries of kind %', new.kind using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
drop function ledger.may_write(text);
drop table access_log;
drop table staff_act_ends;
drop table staff_acts;
drop table api_keys;
drop table staff_tokens;
drop table staff;
drop function only_appended();
drop function staff_act_begins();
drop function credentials_changed();
drop function staff_step();
drop function credential_step();
