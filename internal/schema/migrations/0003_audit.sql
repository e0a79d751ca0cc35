-- +goose Up
-- What PromiseAudit found. Both tables only grow, by some 50 MB a year: what was
-- said of a promise is evidence too, and nobody may take it back.

-- One row for each verification of both copies of the ledger to the end.
create table ledger_verifications (
    id              bigint      generated always as identity primary key,
    at              timestamptz not null,
    clean           boolean     not null,
    -- The first finding as "where.what", such as mirror.changed; empty when clean.
    finding         text        not null default '' check (finding ~ '^([a-z]+[.][a-z_]+)?$'),
    -- How many findings there were.
    findings        bigint      not null default 0 check (findings >= 0),
    -- The newest signed state that was verified; no time for an empty ledger.
    checkpoint_size bigint      not null check (checkpoint_size >= 0),
    checkpoint_at   timestamptz,
    check (clean = (finding = '') and clean = (findings = 0))
);

-- One row for each audit. states is a list of objects with the keys promise,
-- item, mode, state, since, armed_at, evidence_at, next_due, alerted_at,
-- unmended: names and times of the policy's own vocabulary, nothing else.
create table promise_audits (
    id      bigint      generated always as identity primary key,
    at      timestamptz not null,
    kept    integer     not null check (kept >= 0),
    at_risk integer     not null check (at_risk >= 0),
    broken  integer     not null check (broken >= 0),
    states  jsonb       not null check (jsonb_typeof(states) = 'array')
);

grant select, insert on ledger_verifications, promise_audits to steward_core;
-- It dumps this database.
grant select on ledger_verifications, promise_audits to steward_backup;

-- +goose Down
drop table promise_audits;
drop table ledger_verifications;
