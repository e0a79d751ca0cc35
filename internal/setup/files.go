package setup

import (
	"context"
	"fmt"
	"strings"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/postgres"
)

// Forgotten gives the sets of files of which something is stored though the policy
// names no bucket for it: nobody would know where to prune it, and it would stay for
// ever. bucket is storage.files. It fails with Unavailable.
func Forgotten(ctx context.Context, q postgres.Queryer, bucket string) ([]string, error) {
	if bucket != "" {
		return nil, nil
	}

	return filecatalogue.Sets(ctx, q)
}

// keepFiles ends the deploy before anything else is changed where storage.files went
// out of the policy before the files were gone. The sets themselves may leave it: what
// is stored of them is pruned at its time as long as the bucket is named.
func (s *Setup) keepFiles(ctx context.Context) ([]Step, error) {
	sets, err := Forgotten(ctx, s.Steward, s.Files)
	if err != nil {
		return nil, fmt.Errorf("looking for stored files: %w", err)
	}

	if len(sets) > 0 {
		return nil, failure.New(failure.ConfigInvalid, "leaving out storage.files ("+StillStored(sets)+")")
	}

	return nil, nil
}

// StillStored says why storage.files cannot go, and what to do.
func StillStored(sets []string) string {
	return fmt.Sprintf("backups of the files %s are still stored, and nothing would remove them at their time; "+
		"take the sets out of the policy but leave storage.files until they are gone", strings.Join(sets, ", "))
}
