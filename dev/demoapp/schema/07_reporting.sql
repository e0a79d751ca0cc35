-- What people read: a view, and a materialized view that holds rows of its own.
CREATE VIEW app.account_overview WITH (security_invoker = true) AS
SELECT c.id, c.name, c.tier, c.last_interaction_at, u.email AS owner_email, u."displayName" AS owner_name,
       (SELECT max(s.paid_until) FROM billing.subscriptions s WHERE s.company_id = c.id) AS paid_until
FROM app.companies c
LEFT JOIN app.users u ON u.company_id = c.id AND u.id = c.owner_user_id;
COMMENT ON VIEW app.account_overview IS 'One line per account, with its owner';

CREATE MATERIALIZED VIEW app.campaign_months AS
SELECT company_id, campaign_id, variant, date_trunc('month', shown_at AT TIME ZONE 'UTC')::date AS month,
       count(*) AS displays, count(*) FILTER (WHERE converted) AS conversions
FROM app.displays
GROUP BY 1, 2, 3, 4;
CREATE UNIQUE INDEX campaign_months_key ON app.campaign_months (company_id, campaign_id, variant, month);
COMMENT ON MATERIALIZED VIEW app.campaign_months IS 'Figures per campaign, variant and month; refreshed nightly';
