-- +goose Up
-- The keys of cases, wrapped by the master key, which is in no database (internal/casekey).
-- A row is deleted when its case ends; what was sealed with it cannot be opened from then on.

-- The role of what speaks to mail servers and to the app's webhooks. Each table that it
-- needs grants what it needs, and no more.
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'steward_vendors') then
        create role steward_vendors nologin;
    end if;
exception when duplicate_object or unique_violation then
    null; -- another database of this cluster makes it at this moment
end
$$;
-- +goose StatementEnd

create table case_keys (
    -- The id of the case, such as mail_… or whe_…: what the key seals.
    case_id text        primary key check (case_id ~ '^[a-z]{2,8}_[a-z2-7]{26}$'),
    -- The name of the master key that wrapped it, and the wrapped key.
    master  text        not null check (length(master) between 1 and 200),
    wrapped bytea       not null check (octet_length(wrapped) between 40 and 4096),
    made_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > made_at)
);
create index case_keys_end on case_keys (ends_at);
create index case_keys_of_master on case_keys (master);

grant select, insert, delete on case_keys to steward_core;
-- The API makes and deletes webhook endpoints with their keys, and opens none of them:
-- it never reads what is wrapped, and touches no key of another kind of case.
grant select (case_id), insert, delete on case_keys to steward_api;
-- +goose StatementBegin
create function case_key_of_api() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if pg_has_role(current_user, 'steward_api', 'member') and not pg_has_role(current_user, 'steward_core', 'member')
        and coalesce(new.case_id, old.case_id) !~ '^whe_' then
        raise exception 'the key of this case belongs to the core role' using errcode = 'insufficient_privilege';
    end if;
    return coalesce(new, old);
end
$$;
-- +goose StatementEnd
create trigger case_keys_of_api before insert or delete on case_keys for each row execute function case_key_of_api();
-- The core role wraps them anew when the master key changes.
grant update (master, wrapped) on case_keys to steward_core;
grant select on case_keys to steward_vendors;
-- Who checks health reads how far the migrations are.
grant select on goose_db_version to steward_vendors;

-- +goose Down
revoke select on goose_db_version from steward_vendors;
drop table case_keys;
drop function case_key_of_api();
-- The role stays: it belongs to the whole cluster.
