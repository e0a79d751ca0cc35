-- +goose Up
-- What was done for a caller who may ask again, since an answer can get lost on its
-- way: the same key and body get the same answer. Answer and body's hash are sealed
-- under a key that only the caller's credential gives (package idempotency), so that
-- a token that is shown once, or a person's data, is not readable here.
create table idempotency_keys (
    owner      text not null check (owner ~ '^[A-Za-z0-9_-]{1,80}$'),      -- whose keys: the app, or a member of staff
    operation  text not null check (operation ~ '^[a-z-]{1,60}$'),
    key_sha256 bytea not null check (length(key_sha256) = 32),
    credential text not null check (credential ~ '^[A-Za-z0-9_-]{1,80}$'), -- the one that asked first, which can open the answer
    body_mac   bytea not null check (length(body_mac) = 32),
    answer     bytea not null,
    made_at    timestamptz not null,
    ends_at    timestamptz not null check (ends_at > made_at),
    primary key (owner, operation, key_sha256)
);
create index idempotency_keys_end on idempotency_keys (ends_at);
grant select, insert on idempotency_keys to steward_api;

-- What the API shows of the promises and of the backups.
grant select on goose_db_version, installation, backups, backup_objects, backup_exceptions, backup_missing, backup_overdue,
    backup_copies, backup_copy_objects, backup_copy_exceptions, backup_copy_missing, ledger_verifications, promise_audits,
    file_backups, file_objects, file_contents, file_exceptions, file_missing, file_overdue to steward_api;
grant select (position, at) on ledger.entries to steward_api; -- how many wait for their seal, and since when

-- +goose Down
revoke select (position, at) on ledger.entries from steward_api;
revoke select on goose_db_version, installation, backups, backup_objects, backup_exceptions, backup_missing, backup_overdue,
    backup_copies, backup_copy_objects, backup_copy_exceptions, backup_copy_missing, ledger_verifications, promise_audits,
    file_backups, file_objects, file_contents, file_exceptions, file_missing, file_overdue from steward_api;
drop table idempotency_keys;
