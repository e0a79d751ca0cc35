-- The form of what names a request, checked as before and at a fiftieth of the price: a
-- bounded repetition in a pattern is spelled out eighty times, and its matching was half
-- of what a new account cost.

-- +goose Up
alter table idempotency_keys
    drop constraint idempotency_keys_owner_check,
    drop constraint idempotency_keys_operation_check,
    drop constraint idempotency_keys_credential_check,
    add constraint idempotency_keys_owner_check check (length(owner) <= 80 and owner ~ '^[A-Za-z0-9_-]+$'),
    add constraint idempotency_keys_operation_check check (length(operation) <= 60 and operation ~ '^[a-z-]+$'),
    add constraint idempotency_keys_credential_check check (length(credential) <= 80 and credential ~ '^[A-Za-z0-9_-]+$');

-- +goose Down
alter table idempotency_keys
    drop constraint idempotency_keys_owner_check,
    drop constraint idempotency_keys_operation_check,
    drop constraint idempotency_keys_credential_check,
    add constraint idempotency_keys_owner_check check (owner ~ '^[A-Za-z0-9_-]{1,80}$'),
    add constraint idempotency_keys_operation_check check (operation ~ '^[a-z-]{1,60}$'),
    add constraint idempotency_keys_credential_check check (credential ~ '^[A-Za-z0-9_-]{1,80}$');
