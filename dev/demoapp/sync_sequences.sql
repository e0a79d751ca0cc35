-- COPY brings its own ids: every sequence that a column owns goes on after the highest of them.
DO $$
DECLARE
    item record;
    top  bigint;
BEGIN
    FOR item IN
        SELECT s.oid::regclass AS sequence, t.oid::regclass AS relation, a.attname AS column
        FROM pg_class s
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON t.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE s.relkind = 'S' AND n.nspname IN ('app', 'billing', 'public')
        ORDER BY s.oid::regclass::text
    LOOP
        EXECUTE format('SELECT max(%I) FROM %s', item.column, item.relation) INTO top;
        IF top IS NOT NULL THEN
            PERFORM setval(item.sequence, top);
        END IF;
    END LOOP;
END
$$;
