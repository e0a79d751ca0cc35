package system_test

import (
	"context"
	"fmt"

	"steward/dev/harness"
)

// copied lets the copy be made that a day's own run could not make, and looks for it.
func (g *gust) copied(ctx context.Context) error {
	missing := `select b.id from backups as b where b.state = 'drilled' and b.day = $1::text::date
		and not exists (select from backup_copies as c where c.backup_id = b.id and c.state = 'copied')`
	wanting, err := harness.Rows(ctx, g.StewardURL, missing, g.Today())
	if err != nil || len(wanting) == 0 {
		return err
	}
	g.again = true
	if _, err = g.CopyMissing(ctx); err == nil {
		wanting, err = harness.Rows(ctx, g.StewardURL, missing, g.Today())
	}
	if err == nil && len(wanting) > 0 {
		err = fmt.Errorf("%v has no copy", wanting)
	}
	return err
}
