package copies

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"strconv"
	"time"

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

// errTooLate ends a copy whose bucket could not let it go in time any more.
var errTooLate = errors.New("a copy could not go in time any more")

// objects copies every object of a backup, the manifest last, and gives them as
// they lie in the place. None is begun or goes on after the given instant. A crash
// between two leaves what the next try finds and compares.
func (c *Copier) objects(ctx context.Context, place Place, row catalogue.Backup, until time.Time) ([]catalogue.Object, error) {
	parts, err := c.parts(ctx, row)
	if err != nil {
		return nil, err
	}

	var made []catalogue.Object

	for _, one := range parts {
		object, err := c.inTime(ctx, place, row, one, until)
		if err != nil {
			return nil, err
		}

		made = append(made, object)
	}

	return made, nil
}

// inTime copies one object while the bucket can still let it go in time: its
// retention counts from the end of the copy, and a large object takes hours. It fails
// with errTooLate when that time is over, though the service may still be at it.
func (c *Copier) inTime(
	ctx context.Context, place Place, row catalogue.Backup, one part, until time.Time,
) (catalogue.Object, error) {
	left := until.Sub(c.Clock.Now())
	if left <= 0 {
		return catalogue.Object{}, errTooLate
	}

	ctx, cancel := context.WithTimeoutCause(ctx, left, errTooLate)
	defer cancel()

	object, err := c.object(ctx, place, row, one)
	if err != nil && errors.Is(context.Cause(ctx), errTooLate) {
		return object, errTooLate
	}

	return object, err
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
// lost, or another run, made it. What is there and differs is refused, unless the
// copy's own object lay there before and somebody replaced it.
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

	found, err := c.rewrite(ctx, place, one, metadata, token)
	if err == nil && !one.is(found, metadata) {
		if err = c.clear(ctx, place, row, one, found.Generation); err == nil {
			found, err = c.rewrite(ctx, place, one, metadata, "")
		}
	}

	if err != nil {
		return object, fmt.Errorf("copying to %s: %w", place.Name, err)
	}

	if !one.is(found, metadata) {
		return object, one.differs(place)
	}

	object.Generation = found.Generation

	return object, copycatalogue.Stored(ctx, c.Steward, place.Bucket.Name(), object)
}

// is reports whether an object of a place is the copy of this one.
func (p part) is(found gcs.Object, metadata map[string]string) bool {
	return found.Size == p.Bytes && found.CRC32C == p.CRC32C && maps.Equal(found.Metadata, metadata)
}

func (p part) differs(place Place) error {
	return failure.New(failure.ObjectDiffers,
		"copying to "+place.Name+" (what lies there under the "+p.kind+"'s name is not that "+p.kind+")")
}

// rewrite lets the service copy, or describes what lies there already.
func (c *Copier) rewrite(
	ctx context.Context, place Place, one part, metadata map[string]string, token string,
) (gcs.Object, error) {
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

	return found, err
}
