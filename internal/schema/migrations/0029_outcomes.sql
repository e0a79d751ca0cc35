-- +goose Up
-- What became of the rows of a store, where several things did: with the basis of what is
-- retained, and for how long (internal/store.Part). Counts and names alone.
alter table erasure_stores drop column basis;
alter table erasure_stores add column parts jsonb not null default '[]' check (jsonb_typeof(parts) = 'array');

-- +goose Down
alter table erasure_stores drop column parts;
alter table erasure_stores add column basis text not null default '';
