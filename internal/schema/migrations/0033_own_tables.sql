-- +goose Up
-- Steward's own tables are erased by the engine that erases in the app's databases (internal/erasure/owntables). The
-- role that erases may take away the key of an account that is closed for good, and nothing else.
-- +goose StatementBegin
do $$
begin
    execute format('grant temporary on database %I to steward_erase', current_database());
end
$$;
-- +goose StatementEnd
grant select on accounts, account_keys to steward_erase;
grant delete on account_keys to steward_erase;

-- +goose StatementBegin
create function account_key_goes() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if pg_has_role(current_user, 'steward_erase', 'member') and not pg_has_role(current_user, 'steward_core', 'member')
        and not exists (select from public.accounts where id = old.account and state = 'closed') then
        raise exception 'the key of an account stays until that is closed' using errcode = 'insufficient_privilege';
    end if;
    return old;
end
$$;
-- +goose StatementEnd
create trigger account_keys_go before delete on account_keys for each row execute function account_key_goes();

-- That role is not the owner, and cannot take new samples: so none are kept of the one column that goes. The first
-- statement forgets those of before.
alter table account_keys alter column key_hmac type bytea;
alter table account_keys alter column key_hmac set statistics 0;

-- +goose Down
alter table account_keys alter column key_hmac set statistics -1;
drop trigger account_keys_go on account_keys;
drop function account_key_goes();
revoke delete on account_keys from steward_erase;
revoke select on accounts, account_keys from steward_erase;
-- +goose StatementBegin
do $$
begin
    execute format('revoke temporary on database %I from steward_erase', current_database());
end
$$;
-- +goose StatementEnd
