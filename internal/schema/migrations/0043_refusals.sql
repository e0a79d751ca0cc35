-- +goose Up
-- What the last step of a case that could not be taken stumbled over, in words that name tables, columns and stores and hold
-- no data (failure.Safe), and the code of it: whoever looks at a case that this code blocks is told what to mend.
alter table erasures add column refusal text not null default '' check (length(refusal) <= 4000);
alter table erasures add column refusal_code text not null default '' check (refusal_code ~ '^[a-z_]{0,60}$');
grant update (refusal, refusal_code) on erasures to steward_erase;

-- +goose Down
alter table erasures drop column refusal_code;
alter table erasures drop column refusal;
