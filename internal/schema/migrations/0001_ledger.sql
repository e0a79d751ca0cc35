-- The ledger: append-only evidence without personal data (docs/ledger.md).
-- Rows are inserted by business transactions; one sequencer gives them their
-- position. No row is ever changed or deleted, which privileges forbid to roles
-- and triggers to everybody who keeps triggers on.

-- +goose Up

-- +goose StatementBegin
DO $$
DECLARE
    wanted text;
BEGIN
    -- Roles belong to the whole cluster; another database may be creating them
    -- at this moment, hence the two exceptions.
    FOREACH wanted IN ARRAY ARRAY['steward_core', 'steward_backup', 'steward_drill'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;
-- +goose StatementEnd

CREATE SCHEMA ledger;

CREATE TABLE ledger.entries (
    id        text        PRIMARY KEY CHECK (id ~ '^led_[a-z2-7]{26}$'),
    -- The order of arrival, for the sequencer's choice only: a row that commits
    -- late with a small serial has no position yet and is simply taken later.
    serial    bigint      GENERATED ALWAYS AS IDENTITY,
    kind      text        NOT NULL CHECK (kind ~ '^[a-z][a-z0-9._/-]{0,63}$'),
    at        timestamptz NOT NULL,
    body      text        NOT NULL CHECK (octet_length(body) <= 4096 AND body ~ '^[{].*[}]$'),
    position  bigint      UNIQUE CHECK (position >= 0),
    leaf_hash bytea       CHECK (octet_length(leaf_hash) = 32),
    CHECK ((position IS NULL) = (leaf_hash IS NULL))
);
CREATE INDEX entries_unsealed ON ledger.entries (serial) WHERE position IS NULL;

-- Interior and leaf hashes, numbered as tlog.StoredHashIndex does.
CREATE TABLE ledger.hashes (
    idx  bigint PRIMARY KEY CHECK (idx >= 0),
    hash bytea  NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE TABLE ledger.segments (
    from_position bigint      PRIMARY KEY CHECK (from_position >= 0),
    to_position   bigint      NOT NULL UNIQUE CHECK (to_position > from_position),
    root          bytea       NOT NULL CHECK (octet_length(root) = 32),
    sha256        bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    sealed_at     timestamptz NOT NULL,
    checkpoint    text        NOT NULL
);

CREATE TABLE ledger.head (
    singleton    boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    size         bigint      NOT NULL CHECK (size >= 0),
    root         bytea       NOT NULL CHECK (octet_length(root) = 32),
    at           timestamptz NOT NULL,
    checkpoint   text        NOT NULL,
    segment_from bigint      NOT NULL
);
-- The empty tree's root is the SHA-256 of nothing (RFC 6962, section 2.1).
INSERT INTO ledger.head (size, root, at, checkpoint, segment_from)
VALUES (0, sha256(''::bytea), '1970-01-01T00:00:00Z', '', 0);

-- +goose StatementBegin
CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on %.% refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ledger.only_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.position IS NOT NULL
        OR NEW.position IS NULL
        OR (NEW.id, NEW.serial, NEW.kind, NEW.at, NEW.body)
            IS DISTINCT FROM (OLD.id, OLD.serial, OLD.kind, OLD.at, OLD.body) THEN
        RAISE EXCEPTION 'the ledger is append-only: an entry gets its position once and nothing else changes'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION ledger.only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size <= OLD.size OR NEW.at <= OLD.at OR NEW.segment_from <> OLD.size THEN
        RAISE EXCEPTION 'the ledger is append-only: its head moves forward only'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER entries_only_position BEFORE UPDATE ON ledger.entries
    FOR EACH ROW EXECUTE FUNCTION ledger.only_position();
CREATE TRIGGER entries_kept BEFORE DELETE ON ledger.entries
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER entries_not_truncated BEFORE TRUNCATE ON ledger.entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

CREATE TRIGGER hashes_kept BEFORE UPDATE OR DELETE ON ledger.hashes
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER hashes_not_truncated BEFORE TRUNCATE ON ledger.hashes
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

CREATE TRIGGER segments_kept BEFORE UPDATE OR DELETE ON ledger.segments
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER segments_not_truncated BEFORE TRUNCATE ON ledger.segments
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

CREATE TRIGGER head_only_forward BEFORE UPDATE ON ledger.head
    FOR EACH ROW EXECUTE FUNCTION ledger.only_forward();
CREATE TRIGGER head_kept BEFORE DELETE ON ledger.head
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER head_not_truncated BEFORE TRUNCATE ON ledger.head
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO steward_core, steward_backup, steward_drill;

GRANT INSERT (id, kind, at, body) ON ledger.entries TO steward_core, steward_backup, steward_drill;
-- A manifest quotes the newest checkpoint; it is public.
GRANT SELECT ON ledger.head TO steward_core, steward_backup, steward_drill;

-- The sequencer runs in the core role.
GRANT SELECT ON ledger.entries, ledger.hashes, ledger.segments TO steward_core;
GRANT UPDATE (position, leaf_hash) ON ledger.entries TO steward_core;
GRANT INSERT ON ledger.hashes, ledger.segments TO steward_core;
GRANT UPDATE (size, root, at, checkpoint, segment_from) ON ledger.head TO steward_core;

-- +goose Down
DROP TABLE ledger.head, ledger.segments, ledger.hashes, ledger.entries;
DROP FUNCTION ledger.refuse(), ledger.only_position(), ledger.only_forward();
-- The roles stay: they belong to the whole cluster.
DROP SCHEMA ledger;
