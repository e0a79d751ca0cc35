// Package stored compares the catalogue of backups with what lies in the bucket:
// each manifest by its generation, its signature against the pinned key, and
// the objects that it names. It decrypts nothing and needs no private key, so
// that an auditor can do it. That a backup can be restored is shown by its drill.
package stored

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
	"steward/internal/postgres"
)

// maxManifest bounds what is read of a manifest, as its own package does.
const maxManifest = 64 << 20

// Verdict says what became of one backup's comparison.
type Verdict string

// The verdicts.
const (
	// Good means that everything is where the catalogue says, unchanged.
	Good Verdict = "good"
	// Bad means that something is missing or changed.
	Bad Verdict = "bad"
	// Skipped means that there is nothing to compare: it is still at work, was
	// refused by its drill, or is pruned.
	Skipped Verdict = "skipped"
)

// Finding is one thing that is wrong.
type Finding struct {
	// Object is the name in the bucket, empty where the catalogue itself is meant.
	Object string `json:"object,omitempty"`
	// Code is the failure code.
	Code failure.Code `json:"code"`
	// Says is what is wrong.
	Says string `json:"says"`
}

// Result is the comparison of one backup.
type Result struct {
	// Backup is its opaque id.
	Backup string `json:"backup"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// Day is the business day, as 2006-01-02.
	Day string `json:"day"`
	// State is where it stands in the catalogue.
	State catalogue.State `json:"state"`
	// Location is that of the copy which was compared; empty for the first location.
	Location string `json:"location,omitempty"`
	// Verdict is good, bad or skipped.
	Verdict Verdict `json:"verdict"`
	// Findings are what is wrong; empty for a good one.
	Findings []Finding `json:"findings"`
	// Objects is how many objects were looked at.
	Objects int `json:"objects"`
}

// Checker compares.
type Checker struct {
	// Steward holds the catalogue.
	Steward postgres.Queryer
	// Bucket holds the backups.
	Bucket *gcs.Bucket
	// Files holds the contents of files; nil where the policy names no bucket for them.
	Files *gcs.Bucket
	// Verifier is the manifests' public key, pinned in the policy.
	Verifier note.Verifier
}

// Check compares one backup at asOf. The error is for a catalogue or a bucket
// that did not answer; what is wrong with the backup is in the result.
func (c *Checker) Check(ctx context.Context, backup catalogue.Backup, asOf time.Time) (Result, error) {
	result := Result{
		Backup: backup.ID, Database: backup.Database, Day: backup.Day, State: backup.State, Verdict: Skipped, Findings: []Finding{},
	}
	if backup.State != catalogue.Taken && backup.State != catalogue.Drilled {
		return result, nil
	}

	result.Verdict = Good
	result.Objects = 1

	document, err := c.manifest(ctx, backup, asOf)
	if err != nil {
		return result.with(backup.ManifestObject, err)
	}

	for _, object := range []manifest.Stored{document.Archive, document.Globals} {
		result.Objects++

		if result, err = result.with(object.Object, same(ctx, c.Bucket, object)); err != nil {
			return result, err
		}
	}

	return c.listed(ctx, backup, document, result)
}

// with adds what is wrong with one object; an answer that did not come ends the
// comparison.
func (r Result) with(object string, err error) (Result, error) {
	if err == nil {
		return r, nil
	}

	if unanswered(err) {
		return r, err
	}

	r.Verdict = Bad
	r.Findings = append(r.Findings, finding(object, err))

	return r, nil
}

// unanswered tells an answer that did not come from one that says something is wrong.
func unanswered(err error) bool {
	return slices.Contains([]failure.Code{
		failure.Unavailable, failure.Internal, failure.TimedOut, failure.StorageRefused, failure.Unauthorised,
	}, failure.CodeOf(err))
}

func finding(object string, err error) Finding {
	return Finding{Object: object, Code: failure.CodeOf(err), Says: console.Explain(err).Message}
}

// manifest fetches exactly the recorded generation and believes nothing of it
// before its signature holds.
func (c *Checker) manifest(ctx context.Context, backup catalogue.Backup, asOf time.Time) (manifest.Manifest, error) {
	content, err := fetch(ctx, c.Bucket, backup.ManifestObject, backup.ManifestGen, maxManifest)
	if err != nil {
		return manifest.Manifest{}, err
	}

	document, err := manifest.Open(content, c.Verifier)
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("opening a manifest: %w", err)
	}

	return document, manifest.Check(document, content, manifest.Expected{
		Backup: backup.ID, Attempt: backup.Attempt, Database: backup.Database, Day: backup.Day, SHA256: backup.ManifestSHA256,
	}, asOf)
}

// fetch reads one generation, and a byte more than the most that it may have, which
// whoever opens it refuses.
func fetch(ctx context.Context, bucket *gcs.Bucket, name string, generation, most int64) ([]byte, error) {
	reader, _, err := bucket.Get(ctx, name, generation)
	if err != nil {
		return nil, fmt.Errorf("fetching a manifest: %w", err)
	}

	content, err := io.ReadAll(io.LimitReader(reader, most+1))
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading a manifest", err)
	}

	return content, nil
}

// same compares the live generation of one object with the manifest: an object
// that was replaced has another generation, one that was damaged another sum.
func same(ctx context.Context, bucket *gcs.Bucket, want manifest.Stored) error {
	if want.Bucket != bucket.Name() {
		return failure.New(failure.ManifestInvalid, "looking for an object (it lies in another bucket)")
	}

	have, err := bucket.Stat(ctx, want.Object)
	if err != nil {
		return fmt.Errorf("looking for an object: %w", err)
	}

	switch {
	case have.Generation != want.Generation:
		return failure.New(failure.ArchiveInvalid, "comparing an object (it was replaced by another generation)")
	case have.Size != want.Bytes:
		return failure.New(failure.ArchiveInvalid, "comparing an object (its size is another)")
	case have.CRC32C != want.CRC32C:
		return failure.New(failure.ArchiveInvalid, "comparing an object (its checksum is another)")
	default:
		return nil
	}
}

// listed compares the catalogue's own list of objects with the manifest, since
// the prune goes by that list.
func (c *Checker) listed(ctx context.Context, backup catalogue.Backup, document manifest.Manifest, result Result) (Result, error) {
	objects, err := catalogue.Objects(ctx, c.Steward, backup.ID)
	if err != nil {
		return result, fmt.Errorf("comparing the catalogue's list: %w", err)
	}

	known := map[string]catalogue.Object{}
	for _, object := range objects {
		known[object.Name] = object
	}

	for _, want := range []manifest.Stored{document.Archive, document.Globals} {
		have, there := known[want.Object]

		switch {
		case !there:
			err = failure.New(failure.EvidenceMissing, "comparing the catalogue's list (it lacks an object of the manifest)")
		case have.Generation != want.Generation || have.Bytes != want.Bytes || have.SHA256 != want.SHA256:
			err = failure.New(failure.ManifestInvalid, "comparing the catalogue's list (it names another generation, size or hash)")
		default:
			continue
		}

		if result, err = result.with(want.Object, err); err != nil {
			return result, err
		}
	}

	return result, nil
}
