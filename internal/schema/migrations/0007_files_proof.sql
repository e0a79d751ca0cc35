-- +goose Up
-- Files keep the floor and the ceiling of databases: what stays beyond its time,
-- what outstays it and what the bucket has no more is recorded once, and told to
-- the ledger.

-- A day of files whose newest proven backup stays beyond its time. The history of
-- exceptions is in the ledger.
create table file_exceptions (
    backup_id   text        primary key references file_backups (id),
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    since       timestamptz not null,
    due_at      timestamptz not null,
    ended_at    timestamptz,
    ended_cause text        not null default '' check (ended_cause ~ '^[a-z_]{0,40}$'),
    check ((ended_at is null) = (ended_cause = ''))
);

-- Objects that the bucket has no more: the list or manifest of a kept day, or a
-- content that kept days name. A row is never taken back: an object that vanished
-- and came back is not the one that was proven.
create table file_missing (
    name       text        not null,
    generation bigint      not null,
    fileset    text        not null,
    backup_id  text        references file_backups (id),
    content_id text        references file_contents (id),
    missing_at timestamptz not null,
    primary key (name, generation),
    check ((backup_id is null) <> (content_id is null))
);
create index file_missing_backup on file_missing (backup_id) where backup_id is not null;
create index file_missing_content on file_missing (content_id) where content_id is not null;

-- Objects that outstayed their time, each once, so that the ledger tells of each
-- once however often its deletion fails.
create table file_overdue (
    name        text        not null,
    generation  bigint      not null,
    fileset     text        not null,
    due_at      timestamptz not null,
    cause       text        not null check (cause ~ '^[a-z_]{1,40}$'),
    recorded_at timestamptz not null,
    primary key (name, generation)
);

-- What the bucket's listing is compared with, in the order of the listing.
create index file_contents_there on file_contents (object) where gone_at is null;
-- What a drill condemned is lost to the days that name it.
create index file_contents_bad on file_contents (fileset) where bad_at is not null;

grant select on file_exceptions, file_missing, file_overdue to steward_core, steward_backup;
grant insert on file_exceptions, file_missing, file_overdue to steward_backup;
grant update on file_exceptions to steward_backup;

-- The new kinds are written by who wrote files.pruned. What other migrations say of
-- other kinds stays as it is.
-- +goose StatementBegin
do $$
declare
    now_is text := pg_get_functiondef('ledger.writer_of(text)'::regprocedure);
begin
    if strpos(now_is, $k$'files.pruned'$k$) = 0 then
        raise exception 'nobody writes files.pruned';
    end if;
    execute replace(now_is, $k$'files.pruned'$k$, $k$'files.pruned', 'files.swept', 'files.overdue', 'files.missing',
            'files.excepted', 'files.exception.ended', 'files.ceiling.honoured'$k$);
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
begin
    execute replace(pg_get_functiondef('ledger.writer_of(text)'::regprocedure), $k$'files.pruned', 'files.swept', 'files.overdue', 'files.missing',
            'files.excepted', 'files.exception.ended', 'files.ceiling.honoured'$k$, $k$'files.pruned'$k$);
end
$$;
-- +goose StatementEnd
drop index file_contents_there;
drop index file_contents_bad;
drop table file_overdue;
drop table file_missing;
drop table file_exceptions;
