-- +goose Up
-- The role of the API. Each table that it needs grants what it needs, and no more.
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'steward_api') then
        create role steward_api nologin;
    end if;
exception when duplicate_object or unique_violation then
    null; -- another database of this cluster makes it at this moment
end
$$;
-- +goose StatementEnd
grant usage on schema ledger to steward_api;
grant insert (id, kind, at, body) on ledger.entries to steward_api;
grant select on ledger.head to steward_api;

-- +goose Down
revoke select on ledger.head from steward_api;
revoke insert (id, kind, at, body) on ledger.entries from steward_api;
revoke usage on schema ledger from steward_api;
-- The role stays: it belongs to the whole cluster.
