package copies

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"strconv"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// maxManifest bounds what is read of a manifest, as its own package does.
const maxManifest = 64 << 20

// The kinds of object of a backup, in the order in which they are copied.
const (
	archive  = "archive"
	globals  = "globals"
	sealedBy = "manifest"
)

// part is one object of a backup as the signed manifest says it is.
type part struct {
	manifest.Stored

	kind string
}

// objects copies every object of a backup, the manifest last, and gives them as
// they lie in the place. A crash between two leaves what the next try finds and
// compares.
func (c *Copier) objects(ctx context.Context, place Place, row catalogue.Backup) ([]catalogue.Object, error) {
	parts, err := c.parts(ctx, row)
	if err != nil {
		return nil, err
	}

	var made []catalogue.Object

	for _, one := range parts {
		object, err := c.object(ctx, place, row, one)
		if err != nil {
			return nil, err
		}

		made = append(made, object)
	}

	return made, nil
}

// parts reads the signed manifest of the first location, and believes nothing of it
// before its signature holds and it is the one that was drilled.
func (c *Copier) parts(ctx context.Context, row catalogue.Backup) ([]part, error) {
	reader, _, err := c.Source.Get(ctx, row.ManifestObject, row.ManifestGen)
	if err != nil {
		return nil, fmt.Errorf("fetching the manifest to copy: %w", err)
	}

	content, err := io.ReadAll(io.LimitReader(reader, maxManifest+1))
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the manifest to copy", err)
	}

	document, err := manifest.Open(content, c.Verifier)
	if err != nil {
		return nil, fmt.Errorf("opening the manifest to copy: %w", err)
	}

	err = manifest.Check(document, content, manifest.Expected{
		Backup: row.ID, Attempt: row.Attempt, Database: row.Database, Day: row.Day, SHA256: row.ManifestSHA256,
	}, c.Clock.Now())
	if err != nil {
		return nil, err
	}

	return []part{
		{document.Archive, archive},
		{document.Globals, globals},
		{manifest.Stored{
			Bucket: c.Source.Name(), Object: row.ManifestObject, Generation: row.ManifestGen, Bytes: int64(len(content)),
			SHA256: row.ManifestSHA256, CRC32C: crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)),
		}, sealedBy},
	}, nil
}

// object copies one object, or finds that it is there: a request whose answer was
// lost, or another run, made it. What is there and differs is refused.
func (c *Copier) object(ctx context.Context, place Place, row catalogue.Backup, one part) (catalogue.Object, error) {
	object := catalogue.Object{Backup: row.ID, Attempt: row.Attempt, Name: one.Object, Kind: one.kind, Bytes: one.Bytes, SHA256: one.SHA256}

	token, err := copycatalogue.Announce(ctx, c.Steward, place.Bucket.Name(), object)
	if err != nil {
		return object, err
	}

	metadata := map[string]string{
		"backup": row.ID, "attempt": row.Attempt, "kind": one.kind, "sha256": one.SHA256,
		"copied_generation": strconv.FormatInt(one.Generation, 10),
	}
	phase := "copy " + one.kind + " to " + place.Name
	c.report(phase, 0)

	found, err := place.Bucket.CopyFrom(ctx, c.Source, one.Object, one.Generation, gcs.CopyOptions{
		Metadata: metadata, Token: token, Progress: func(token string, done int64) error {
			c.report(phase, done)

			if token == "" {
				return nil // it is done
			}

			return copycatalogue.Advance(ctx, c.Steward, place.Bucket.Name(), one.Object, token)
		},
	})
	if failure.Is(err, failure.ObjectExists) {
		found, err = place.Bucket.Stat(ctx, one.Object)
	}

	if err != nil {
		return object, fmt.Errorf("copying to %s: %w", place.Name, err)
	}

	if found.Size != one.Bytes || found.CRC32C != one.CRC32C || !maps.Equal(found.Metadata, metadata) {
		return object, failure.New(failure.ObjectDiffers,
			"copying to "+place.Name+" (what lies there under the "+one.kind+"'s name is not that "+one.kind+")")
	}

	object.Generation = found.Generation

	return object, copycatalogue.Stored(ctx, c.Steward, place.Bucket.Name(), object)
}
