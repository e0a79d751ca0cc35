package harness

import "context"

// checkDrillCluster looks for anything that a drill left: the cluster is a test's
// own, so whatever is not of PostgreSQL itself was left.
func (w *World) checkDrillCluster(ctx context.Context, _ catalogue, found *findings) error {
	if w.Options.Undrilled {
		return nil
	}
	for what, sql := range map[string]string{
		"database": `select datname::text from pg_database where datname not in ('postgres', 'template0', 'template1')`,
		"role":     `select rolname::text from pg_roles where rolname !~ '^pg_' and rolname <> 'drill_admin'`,
	} {
		left, err := Rows(ctx, w.DrillURL, sql)
		if err != nil {
			return err
		}
		for _, name := range left {
			found.addf("drill", "a drill left the %s %s", what, name)
		}
	}
	return nil
}
