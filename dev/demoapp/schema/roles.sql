-- Roles belong to the whole cluster: several databases may install the demo app at the same moment,
-- so losing the race to another session is success.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['app_owner', 'app_rw', 'app_ro'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            RAISE DEBUG 'another session created role %', name;
        END;
    END LOOP;
END
$$;

-- The app's owner owns the database too: it may create trusted extensions and its own schemas.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO app_owner', current_database());
END
$$;
