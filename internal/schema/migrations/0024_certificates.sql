-- +goose Up
-- What the tombstone of an erasure will say of its subject: a salted hash, and the salt,
-- sealed under the key of the case. Whoever erases knows the subject and writes this; whoever
-- decides reads the hash alone. With the key of the case destroyed, nobody can try guesses.
create table erasure_commitments (
    erasure    text  primary key check (erasure ~ '^era_[a-z2-7]{26}$'),
    commitment text  not null check (commitment ~ '^[0-9a-f]{64}$'),
    salt       bytea not null check (octet_length(salt) between 40 and 4096)
);

-- The point of no return of each erasure, once: the entry of the ledger that says so
-- (internal/erasure/tombstone). Nothing here tells whose erasure it is.
create table erasure_tombstones (
    erasure      text        primary key references erasure_commitments (erasure),
    -- The entry of the ledger; it cannot be taken back.
    entry        text        not null unique references ledger.entries (id),
    committed_at timestamptz not null,
    plan_sha256  text        not null check (plan_sha256 ~ '^[0-9a-f]{64}$'),
    commitment   text        not null check (commitment ~ '^[0-9a-f]{64}$'),
    -- When both copies of the ledger were seen to hold the entry; nothing is erased before.
    sealed_at    timestamptz,
    position     bigint      check (position >= 0),
    check ((sealed_at is null) = (position is null)),
    check (sealed_at >= committed_at)
);

-- Certificates as they were given away (internal/certificate). They hold no personal data,
-- and stay.
create table erasure_certificates (
    id        text        primary key check (id ~ '^crt_[a-z2-7]{26}$'),
    erasure   text        not null check (erasure ~ '^era_[a-z2-7]{26}$'),
    kind      text        not null check (kind in ('first', 'final')),
    issued_at timestamptz not null,
    -- The signed file, byte by byte.
    file      text        not null check (octet_length(file) between 1 and 4194304),
    unique (erasure, kind)
);

-- +goose StatementBegin
create function erasure_evidence_stays() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if tg_op = 'UPDATE' and tg_table_name = 'erasure_tombstones' then
        if old.sealed_at is null and (new.erasure, new.entry, new.committed_at, new.plan_sha256, new.commitment)
            is not distinct from (old.erasure, old.entry, old.committed_at, old.plan_sha256, old.commitment) then
            return new;
        end if;
    end if;
    raise exception 'the evidence of an erasure stays as it is' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
create trigger erasure_tombstones_stay before update or delete on erasure_tombstones
    for each row execute function erasure_evidence_stays();
create trigger erasure_commitments_stay before update or delete on erasure_commitments
    for each row execute function erasure_evidence_stays();
create trigger erasure_certificates_stay before update or delete on erasure_certificates
    for each row execute function erasure_evidence_stays();

grant select on erasure_tombstones, erasure_certificates to steward_core, steward_api, steward_backup;
grant select on erasure_commitments, erasure_tombstones to steward_erase;
grant select on erasure_commitments to steward_backup;
grant insert on erasure_commitments to steward_erase;
grant select (erasure, commitment) on erasure_commitments to steward_core;
grant insert (erasure, entry, committed_at, plan_sha256, commitment) on erasure_tombstones to steward_core;
grant update (sealed_at, position) on erasure_tombstones to steward_core;
grant insert on erasure_certificates to steward_core;

-- +goose Down
drop table erasure_certificates;
drop table erasure_tombstones;
drop table erasure_commitments;
drop function erasure_evidence_stays();
