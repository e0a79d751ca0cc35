-- Schemas, extensions, enums and domains that the rest is made of.
CREATE SCHEMA app;
CREATE SCHEMA billing;
COMMENT ON SCHEMA app IS 'The popup product: accounts, campaigns and what they collect';
COMMENT ON SCHEMA billing IS 'Who pays what';

CREATE TABLE app.schema_version (
    version      integer PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE app.schema_version IS 'One row: the version of this schema';

-- What the generator made; empty in a database that was not filled.
CREATE TABLE app.demo_fill (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    accounts integer NOT NULL,
    displays integer NOT NULL,
    seed     numeric(20, 0) NOT NULL,
    as_of    timestamptz
);

-- Both extensions are part of PostgreSQL's contrib programs, which a small install may lack.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto') THEN
        CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
    END IF;
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') THEN
        CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
        CREATE DOMAIN app.email AS public.citext CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
    ELSE
        CREATE DOMAIN app.email AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
    END IF;
END
$$;

CREATE DOMAIN app.phone AS text CHECK (VALUE ~ '^\+[0-9 ]{6,20}$');
CREATE DOMAIN app.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN billing.currency AS char(3) CHECK (VALUE ~ '^[A-Z]{3}$');
COMMENT ON DOMAIN app.email IS 'An e-mail address; compared without regard to case where citext is installed';

CREATE TYPE app.tier AS ENUM ('free', 'growth', 'scale', 'enterprise');
CREATE TYPE app.campaign_status AS ENUM ('draft', 'running', 'paused', 'ended');
CREATE TYPE app.device AS ENUM ('phone', 'tablet', 'desktop');
CREATE TYPE app.ticket_status AS ENUM ('open', 'waiting for customer', 'closed');
CREATE TYPE billing.invoice_status AS ENUM ('draft', 'open', 'paid', 'void');

-- Keeps updated_at honest on every change that does not set it itself.
CREATE FUNCTION app.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION app.touch_updated_at() IS 'Trigger: sets updated_at when a row changes';
