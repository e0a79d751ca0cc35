package fileremoval

import (
	"context"

	"steward/internal/filecatalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// span names missing objects that the same days need, by the ids of the first and
// the last.
type span struct{ files, first, last string }

// losses are missing objects by the days that need them, in the order in which they
// were found.
type losses struct {
	order []span
	days  map[string]filecatalogue.Backup
	of    map[span][]late
}

// record tells of each day which of its objects the bucket has no more, each once.
func (c *comparison) record(ctx context.Context, tx postgres.Tx) error {
	found := &losses{days: map[string]filecatalogue.Backup{}, of: map[span][]late{}}
	for _, day := range c.days {
		found.days[day.ID] = day
	}

	for _, one := range c.lost {
		if err := c.note(ctx, tx, found, one, span{one.Files, one.Backup, one.Backup}); err != nil {
			return err
		}
	}

	for _, content := range c.missing {
		one := filecatalogue.Finding{Name: content.Object, Generation: content.Generation, Files: content.Files, Content: content.ID}
		days := span{content.Files, c.dayOf(content.Files, content.FirstAt).ID, c.dayOf(content.Files, content.NewestAt).ID}

		if err := c.note(ctx, tx, found, one, days); err != nil {
			return err
		}
	}

	for _, days := range found.order {
		last := found.days[days.last]

		err := tell(ctx, tx, ledger.FilesMissing, c.at, ledger.FilesObjectsBody{
			Files: days.files, Backup: last.ID, Day: last.Day, FirstDay: found.days[days.first].Day,
		}, found.of[days])
		if err != nil {
			return err
		}
	}

	return nil
}

// note records one missing object in the catalogue, and keeps it for the ledger if
// that is new.
func (c *comparison) note(ctx context.Context, tx postgres.Tx, found *losses, one filecatalogue.Finding, days span) error {
	fresh, err := filecatalogue.RecordMissing(ctx, tx, one, c.at)
	if err != nil || !fresh {
		return err
	}

	if len(found.of[days]) == 0 {
		found.order = append(found.order, days)
	}

	found.of[days] = append(found.of[days], late{Finding: one, backup: found.days[days.last]})

	return nil
}
