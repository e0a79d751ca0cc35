-- +goose Up
-- The server keeps the samples of a table that an erasure empties, and steward_erase is no owner who could take others:
-- so none are kept of any column of account_keys. The first statement forgets those of before.
alter table account_keys alter column account type text, alter column since type timestamptz;
alter table account_keys alter column account set statistics 0, alter column since set statistics 0;

-- +goose Down
alter table account_keys alter column account set statistics -1, alter column since set statistics -1;
