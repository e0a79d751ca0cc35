package fileremoval

import (
	"context"
	"fmt"
	"slices"

	"steward/internal/filecatalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// recordEach is how many missing objects are recorded at once: a transaction of some
// hundred statements at most, whatever was lost.
const recordEach = 500

// span names missing objects that the same days need, by the ids of the first and
// the last.
type span struct{ files, first, last string }

// loss is one object that the bucket has no more.
type loss struct {
	filecatalogue.Finding

	days span
}

// contentsLost are contents as losses of the days that name them.
func (c *comparison) contentsLost(missing []filecatalogue.Content) []loss {
	all := make([]loss, len(missing))
	for i, content := range missing {
		all[i] = loss{
			filecatalogue.Finding{Name: content.Object, Generation: content.Generation, Files: content.Files, Content: content.ID},
			span{content.Files, c.dayOf(content.Files, content.FirstAt).ID, c.dayOf(content.Files, content.NewestAt).ID},
		}
	}

	return all
}

// lose records losses and tells the ledger of them, some at once.
func (c *comparison) lose(ctx context.Context, all []loss) error {
	for some := range slices.Chunk(all, recordEach) {
		if c.Enforce {
			err := c.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return c.record(ctx, tx, some) })
			if err != nil {
				return fmt.Errorf("recording what is missing: %w", err)
			}
		}

		c.result.Missing += int64(len(some))
		c.report("missing", c.result.Missing)
	}

	return nil
}

// record tells of each day which of its objects the bucket has no more, each once.
func (c *comparison) record(ctx context.Context, tx postgres.Tx, some []loss) error {
	findings := make([]filecatalogue.Finding, len(some))
	for i, one := range some {
		findings[i] = one.Finding
	}

	fresh, err := filecatalogue.RecordMissing(ctx, tx, findings, c.at)
	if err != nil {
		return err
	}

	var order []span // in which they were found

	of := map[span][]late{}

	for _, one := range some {
		if !fresh[one.Name] {
			continue
		}

		if len(of[one.days]) == 0 {
			order = append(order, one.days)
		}

		of[one.days] = append(of[one.days], late{Finding: one.Finding})
	}

	days := map[string]filecatalogue.Backup{}
	for _, day := range c.days {
		days[day.ID] = day
	}

	for _, each := range order {
		last := days[each.last]

		err := tell(ctx, tx, ledger.FilesMissing, c.at, ledger.FilesObjectsBody{
			Files: each.files, Backup: last.ID, Day: last.Day, FirstDay: days[each.first].Day,
		}, of[each])
		if err != nil {
			return err
		}
	}

	return nil
}
