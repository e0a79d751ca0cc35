-- +goose Up
-- The outbox (internal/outbox). Who is written to and what is said is sealed with the
-- key of the mail in case_keys; everything goes at ends_at.

create table mail (
    id            text        primary key check (id ~ '^mail_[a-z2-7]{26}$'),
    -- Without brackets; every copy of the mail has it.
    message_id    text        not null unique check (message_id ~ '^mail_[a-z2-7]{26}@[^[:space:]<>@]+$'),
    -- The identity of the effect: a second mail of one cause is the first one.
    cause         text        not null unique check (length(cause) between 1 and 300),
    about         text        not null default '' check (about ~ '^[a-zA-Z0-9_./-]{0,100}$'),
    letter        text        not null check (letter ~ '^[a-z][a-z_]{0,40}$'),
    language      text        not null check (language ~ '^[a-z]{2}$'),
    recipient     bytea       not null,
    content       bytea       not null,
    state         text        not null default 'waiting'
        check (state in ('waiting', 'accepted', 'refused', 'given_up', 'uncertain', 'bounced', 'complained')),
    queued_at     timestamptz not null,
    -- Not tried before next_at, nor from give_up_at on.
    next_at       timestamptz not null,
    give_up_at    timestamptz not null,
    -- The tries so far, and those of them after which the server may have had the mail.
    tries         integer     not null default 0,
    handed        integer[]   not null default '{}',
    tried_at      timestamptz,
    -- Until then one sender has it.
    claimed_until timestamptz,
    accepted_at   timestamptz,
    -- When a state was reached from which nothing more is done.
    settled_at    timestamptz,
    -- Why the last try failed: a failure code and the server's reply code.
    code          text        not null default '' check (code ~ '^[a-z_]{0,60}$'),
    reply         integer,
    ends_at       timestamptz not null check (ends_at > queued_at)
);
create index mail_due on mail (next_at) where state = 'waiting';
create index mail_end on mail (ends_at);
create index mail_newest on mail (queued_at desc, id desc);

-- What a provider told of a mail, without addresses.
create table mail_events (
    id          text        primary key check (id ~ '^mev_[a-z2-7]{26}$'),
    mail        text        not null references mail (id) on delete cascade,
    kind        text        not null check (kind in ('delivered', 'bounced', 'complained')),
    -- The provider, and its own id of the event: told twice, it is one.
    provider    text        not null check (provider ~ '^[a-z][a-z0-9]{0,30}$'),
    reference   text        not null check (length(reference) between 1 and 200),
    -- The provider's word for why, such as HardBounce.
    reason      text        not null default '' check (reason ~ '^[A-Za-z0-9]{0,60}$'),
    at          timestamptz not null,
    received_at timestamptz not null,
    ends_at     timestamptz not null,
    unique (provider, kind, reference)
);
create index mail_events_of on mail_events (mail);
create index mail_events_end on mail_events (ends_at);

grant select, insert, delete on mail to steward_core;
-- The API lists mails and notes what providers told of them; it neither writes one nor
-- reads what one says.
grant select (id, message_id, cause, about, letter, language, state, queued_at, next_at, give_up_at, tries, tried_at, accepted_at,
    settled_at, code, reply, ends_at) on mail to steward_api;
grant update (state, settled_at) on mail to steward_api;
grant select on mail to steward_vendors;
grant update (state, next_at, tries, handed, tried_at, claimed_until, accepted_at, settled_at, code, reply) on mail to steward_vendors;
grant select, insert on mail_events to steward_api;
grant select, delete on mail_events to steward_core;

-- +goose Down
drop table mail_events, mail;
