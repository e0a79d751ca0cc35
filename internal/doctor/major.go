package doctor

import (
	"context"
	"fmt"

	"steward/internal/pgtools"
	"steward/internal/postgres"
)

// otherMajor names the first source whose major version is not that of the drill
// cluster, empty if there is none. A source that is not known here, or does not
// answer, is spoken of where the sources are looked at.
func (d *Doctor) otherMajor(ctx context.Context, drill pgtools.Version) string {
	for _, database := range d.Policy.Promises.Backups.Databases {
		at, err := d.Config.SourceURL(database)
		if err != nil {
			continue
		}

		version, err := versionOf(ctx, at)
		if err == nil && version.Major != drill.Major {
			return fmt.Sprintf("%s (PostgreSQL %s)", database.Name, version)
		}
	}

	return ""
}

func versionOf(ctx context.Context, at string) (pgtools.Version, error) {
	db, err := postgres.Open(ctx, at)
	if err != nil {
		return pgtools.Version{}, fmt.Errorf("asking for a version: %w", err)
	}
	defer db.Close()

	var number int
	if err := db.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
		return pgtools.Version{}, fmt.Errorf("asking for a version: %w", err)
	}

	return pgtools.FromNumber(number), nil
}
