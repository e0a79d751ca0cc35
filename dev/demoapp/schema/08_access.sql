-- Who may see what. app_rw is the product, app_ro is for reports; app_owner owns everything.
GRANT USAGE ON SCHEMA app, billing TO app_rw, app_ro;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app, billing TO app_rw;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.newsletter_subscribers TO app_rw;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA app, billing, public TO app_rw;
GRANT SELECT ON ALL TABLES IN SCHEMA app, billing TO app_ro;
REVOKE ALL ON app.api_keys, app.sessions FROM app_ro;
REVOKE SELECT ON app.users FROM app_ro;
GRANT SELECT (company_id, id, "displayName", created_at) ON app.users TO app_ro;
REVOKE UPDATE, DELETE ON app.audit_trail FROM app_rw;
GRANT EXECUTE ON FUNCTION app.ensure_display_partitions(date, date) TO app_rw;

ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app_rw;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_ro;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE, SELECT ON SEQUENCES TO app_rw;

-- Leads belong to one account. Forced: even the owner sees only the account that it has chosen.
ALTER TABLE app.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.leads FORCE ROW LEVEL SECURITY;
CREATE POLICY leads_of_account ON app.leads TO app_owner, app_rw
    USING (company_id = nullif(current_setting('app.company_id', true), '')::bigint);
CREATE POLICY leads_reports ON app.leads FOR SELECT TO app_ro USING (score IS NOT NULL);
COMMENT ON POLICY leads_of_account ON app.leads IS 'The product sets app.company_id for each request';
