-- +goose Up
-- The nightly search for what is left of people in texts (internal/erasure/nightly): one pass over one database for
-- all open erasures together, and how far it is, so that it goes on where it ended.
create table residue_passes (
    id       text        primary key check (id ~ '^rsd_[a-z2-7]{26}$'),
    database text        not null,
    began_at timestamptz not null,
    -- The tables before this one are done, and its pages before that one.
    at_table text        not null default '',
    at_page  bigint      not null default 0,
    ended_at timestamptz,
    -- The ledger's entry of what was found.
    entry    text,
    check (entry is null or ended_at is not null)
);
create index residue_passes_database on residue_passes (database, began_at);

-- Whose identifiers a pass looks for; decided when it begins.
create table residue_sought (
    pass    text not null references residue_passes (id) on delete cascade,
    erasure text not null references erasures (id) on delete cascade,
    primary key (pass, erasure)
);
create index residue_sought_erasure on residue_sought (erasure);

-- Where a pass found some: names of tables and columns, and counts.
create table residue_found (
    pass    text   not null,
    erasure text   not null,
    place   text   not null,
    field   text   not null,
    whose   text   not null check (whose in ('left', 'elsewhere', 'decided')),
    rows    bigint not null check (rows > 0),
    primary key (pass, erasure, place, field, whose),
    foreign key (pass, erasure) references residue_sought (pass, erasure) on delete cascade
);

grant select, insert, update, delete on residue_passes, residue_sought, residue_found to steward_erase;
grant select on residue_passes, residue_sought, residue_found to steward_core, steward_backup;
grant update (entry) on residue_passes to steward_core;

-- +goose Down
drop table residue_found, residue_sought, residue_passes;
