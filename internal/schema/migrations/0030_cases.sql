-- +goose Up
-- Whether a hold protects what an erasure takes: the rule of 0023, said once for both who ask. One of an account protects
-- the account and the persons within it; one of a person protects that person, and the account that is the scope.
-- +goose StatementBegin
create function hold_protects(h holds, e erasures, matches bytea[]) returns boolean
    language sql immutable set search_path = pg_catalog as $$
    select h.kind = 'account' and h.account = e.account
        or h.kind = 'account' and e.kind = 'person' and e.account = ''
        or h.kind = 'person' and e.kind = 'account' and h.account in ('', e.account)
        or h.kind = 'person' and e.kind = 'person' and h.matches && matches
            and (h.account = e.account or h.account = '' or e.account = '')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function erasure_held(era text) returns boolean language sql stable set search_path = pg_catalog as $$
    select exists (
        select from public.erasures as e
        left join public.erasure_subjects as s on s.erasure = e.id
        join public.holds as h on h.released_at is null
        where e.id = era and public.hold_protects(h, e, s.matches)
    )
$$;
-- +goose StatementEnd

-- The erasures that a hold is too late for: those of what it protects that are decided for good. Whoever sets holds may
-- ask this, and reads no hash of anybody.
-- +goose StatementBegin
create function hold_too_late(hold text) returns setof text language sql stable security definer set search_path = pg_catalog as $$
    select e.id from public.holds as h
    join public.erasures as e on e.ended_at is null and e.tombstone is not null
    left join public.erasure_subjects as s on s.erasure = e.id
    where h.id = hold and public.hold_protects(h, e, s.matches)
    order by e.opened_at desc, e.id limit 100
$$;
-- +goose StatementEnd
revoke execute on function hold_too_late(text) from public;
grant execute on function hold_too_late(text) to steward_api;

-- +goose Down
drop function hold_too_late(text);
-- +goose StatementBegin
create or replace function erasure_held(era text) returns boolean language sql stable set search_path = pg_catalog as $$
    select exists (
        select from public.erasures as e
        left join public.erasure_subjects as s on s.erasure = e.id
        join public.holds as h on h.released_at is null
        where e.id = era and (
            h.kind = 'account' and h.account = e.account
            or h.kind = 'account' and e.kind = 'person' and e.account = ''
            or h.kind = 'person' and e.kind = 'account' and h.account in ('', e.account)
            or h.kind = 'person' and e.kind = 'person' and h.matches && s.matches
                and (h.account = e.account or h.account = '' or e.account = '')
        )
    )
$$;
-- +goose StatementEnd
drop function hold_protects(holds, erasures, bytea[]);
