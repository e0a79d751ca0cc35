-- +goose Up
-- Webhooks to the app (internal/webhook, docs/webhooks.md). Address and secret of an
-- endpoint are sealed with its key in case_keys: an address may carry a password.

create table webhook_endpoints (
    id              text        primary key check (id ~ '^whe_[a-z2-7]{26}$'),
    url             bytea       not null,
    secret          bytea       not null,
    -- The types that it wants; empty means all of them.
    types           text[]      not null default '{}',
    description     text        not null default '' check (description ~ '^[A-Za-z0-9 ._/-]{0,100}$'),
    created_by      text        not null,
    created_at      timestamptz not null,
    -- Set when it answered for hours that it is gone for good: nothing more is sent
    -- there until a person asks for a retry.
    disabled_at     timestamptz,
    disabled_reason text        not null default '' check (disabled_reason ~ '^[a-z_]{0,60}$'),
    -- Since when it has answered nothing but that it is gone.
    gone_since      timestamptz
);

create table webhook_events (
    -- The webhook-id of every try: who receives it twice recognises it.
    id      text        primary key check (id ~ '^whv_[a-z2-7]{26}$'),
    type    text        not null check (type ~ '^[a-z]+(\.[a-z_]+)+$'),
    -- The identity of the effect: a second event of one cause is the first one.
    cause   text        not null unique check (length(cause) between 1 and 300),
    -- What is sent, byte by byte: ids, codes and times, no personal data.
    body    text        not null check (octet_length(body) between 2 and 20000),
    at      timestamptz not null,
    ends_at timestamptz not null check (ends_at > at)
);
create index webhook_events_end on webhook_events (ends_at);

create table webhook_deliveries (
    id            text        primary key check (id ~ '^whd_[a-z2-7]{26}$'),
    event         text        not null references webhook_events (id) on delete cascade,
    endpoint      text        not null references webhook_endpoints (id) on delete cascade,
    state         text        not null default 'waiting' check (state in ('waiting', 'delivered', 'given_up')),
    created_at    timestamptz not null,
    next_at       timestamptz not null,
    tries         integer     not null default 0,
    -- Until then one sender has it.
    claimed_until timestamptz,
    tried_at      timestamptz,
    -- Why the last try failed: the HTTP status, and a failure code.
    status        integer,
    code          text        not null default '' check (code ~ '^[a-z_]{0,60}$'),
    settled_at    timestamptz,
    ends_at       timestamptz not null,
    unique (event, endpoint)
);
create index webhook_deliveries_due on webhook_deliveries (endpoint, next_at) where state = 'waiting';
create index webhook_deliveries_end on webhook_deliveries (ends_at);
create index webhook_deliveries_of on webhook_deliveries (endpoint, created_at desc, id desc);
create index webhook_deliveries_newest on webhook_deliveries (created_at desc, id desc);

-- An endpoint is made and deleted through the API; its key goes with it.
grant select (id, types, description, created_by, created_at, disabled_at, disabled_reason, gone_since), insert, delete
    on webhook_endpoints to steward_api;
grant select on webhook_endpoints to steward_core, steward_vendors;
grant update (disabled_at, disabled_reason, gone_since) on webhook_endpoints to steward_vendors, steward_api;

grant select, insert, delete on webhook_events, webhook_deliveries to steward_core;
grant select on webhook_events, webhook_deliveries to steward_vendors;
grant update (state, next_at, tries, claimed_until, tried_at, status, code, settled_at) on webhook_deliveries to steward_vendors;
-- The API lists deliveries, and tries one again by hand, which lets it last.
grant select (id, type, ends_at) on webhook_events to steward_api;
grant update (ends_at) on webhook_events to steward_api;
grant select on webhook_deliveries to steward_api;
grant update (state, next_at, tries, settled_at, ends_at) on webhook_deliveries to steward_api;

-- The core role ends all dated records (internal/ownrecords), also those whose own
-- migrations did not say so.
-- +goose StatementBegin
do $$
begin
    if to_regclass('public.idempotency_keys') is not null then
        grant select, delete on idempotency_keys to steward_core;
    end if;
    if to_regclass('public.tasks') is not null then
        grant delete on tasks to steward_core;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop table webhook_deliveries, webhook_events, webhook_endpoints;
