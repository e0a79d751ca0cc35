package system_test

import (
	"context"
	"fmt"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
	"steward/internal/ids"
	"steward/workflows"
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
	run, err := g.Start(ctx, ids.Copies()+"/"+ids.New("run"), workflows.CopyBackupsName)
	if err == nil {
		err = run.Get(ctx, nil)
	}
	if err == nil {
		wanting, err = harness.Rows(ctx, g.StewardURL, missing, g.Today())
	}
	if err == nil && len(wanting) > 0 {
		err = fmt.Errorf("%v has no copy", wanting)
	}
	return err
}

// copiesOutOfPlace compares the bucket of the other location with the first: what lies
// there is a stored object of a kept backup, and each copy is whole.
func copiesOutOfPlace(ctx context.Context, world *harness.World) (problems []string) {
	sizes := map[string]string{}
	for _, bucket := range []string{backups, harness.CopiesBucket} {
		listing := world.Bucket.Bucket(bucket).Objects(ctx, &storage.Query{Versions: true})
		for {
			attrs, err := listing.Next()
			if err != nil {
				break // the end, or a bucket that will be found empty
			}
			says := fmt.Sprint(attrs.Size, " ", attrs.CRC32C)
			switch {
			case bucket == backups:
				sizes[attrs.Name] = says
			case sizes[attrs.Name] == says:
				delete(sizes, attrs.Name)
			default:
				problems = append(problems, "the copy "+attrs.Name+" is of nothing that is stored")
			}
		}
	}
	good, err := harness.Rows(ctx, world.StewardURL, `select o.name from backup_objects as o join backups as b on b.id = o.backup_id and b.attempt = o.attempt
		join backup_copies as c on c.backup_id = b.id and c.state = 'copied' where b.state = 'drilled' and o.pruned_at is null`)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, name := range good {
		if _, lacks := sizes[name]; lacks {
			problems = append(problems, "the copy of "+name+" is not there")
		}
	}
	return problems
}
