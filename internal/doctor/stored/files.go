package stored

import (
	"context"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/gcs"
)

// FilesResult is the comparison of one backup of files.
type FilesResult struct {
	// Backup is its opaque id.
	Backup string `json:"backup"`
	// Files is the name of the set in the policy.
	Files string `json:"files"`
	// Day is the business day, as 2006-01-02.
	Day string `json:"day"`
	// State is where it stands in the catalogue.
	State catalogue.State `json:"state"`
	// Verdict is good, bad or skipped.
	Verdict Verdict `json:"verdict"`
	// Findings are what is wrong; empty for a good one. Of contents no more than a
	// hundred are named.
	Findings []Finding `json:"findings"`
	// Objects is how many objects were looked at: manifest, list and contents.
	Objects int `json:"objects"`
}

const (
	// contentsPage is how many contents are compared with the bucket's listing at once.
	contentsPage = 1000
	// mostFindings bounds what is told of one backup: who lost a bucket knows it then.
	mostFindings = 100
)

// CheckFiles compares one backup of files at asOf: its signed manifest, the list that
// this pins, and every content that the catalogue says it names with the bucket's own
// listing. What stands in the list only a drill can read. The error is as that of Check.
func (c *Checker) CheckFiles(ctx context.Context, backup filecatalogue.Backup, asOf time.Time) (FilesResult, error) {
	result := FilesResult{
		Backup: backup.ID, Files: backup.Files, Day: backup.Day, State: backup.State, Verdict: Skipped, Findings: []Finding{},
	}
	if backup.State != catalogue.Taken && backup.State != catalogue.Drilled {
		return result, nil
	}

	result.Verdict = Good

	if c.Files == nil {
		err := result.found("", failure.New(failure.PolicyInvalid, "comparing files (the policy names no bucket for their contents)"))

		return result, err
	}

	result.Objects++

	header, err := c.header(ctx, backup, asOf)
	if err != nil {
		err = result.found(backup.ManifestObject, err)

		return result, err
	}

	result.Objects++

	if err := result.found(header.List.Object, same(ctx, c.Files, header.List)); err != nil {
		return result, err
	}

	err = c.contents(ctx, backup, header, &result)

	return result, err
}

// found notes what is wrong with one object; it gives back an answer that did not come.
func (r *FilesResult) found(object string, err error) error {
	if err == nil {
		return nil
	}

	if unanswered(err) {
		return err
	}

	r.Verdict = Bad
	if len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, finding(object, err))
	}

	return nil
}

// header fetches exactly the recorded generation of the manifest and believes nothing
// of it before its signature holds.
func (c *Checker) header(ctx context.Context, backup filecatalogue.Backup, asOf time.Time) (filemanifest.Header, error) {
	content, err := fetch(ctx, c.Files, backup.ManifestObject, backup.ManifestGen, filemanifest.MaxHeader)
	if err != nil {
		return filemanifest.Header{}, err
	}

	header, err := filemanifest.Open(content, c.Verifier)
	if err != nil {
		return filemanifest.Header{}, fmt.Errorf("opening a manifest: %w", err)
	}

	return header, filemanifest.Check(header, content, filemanifest.Expected{
		Backup: backup.ID, Attempt: backup.Attempt, Files: backup.Files, Day: backup.Day, SHA256: backup.ManifestSHA256,
	}, asOf)
}

// contents compares, page by page, what the catalogue says the manifest names with the
// bucket's listing, and its number with the manifest's. A content that a later drill
// refused is named by the manifest and not by the catalogue any more: it is lost.
func (c *Checker) contents(ctx context.Context, backup filecatalogue.Backup, header filemanifest.Header, result *FilesResult) error {
	var count int64

	for after := ""; ; {
		wanted, err := filecatalogue.NamedAt(ctx, c.Steward, backup.Files, backup.SnapshotAt, after, contentsPage)
		if err != nil {
			return fmt.Errorf("comparing the contents: %w", err)
		}

		if len(wanted) == 0 {
			break
		}

		count += int64(len(wanted))
		result.Objects += len(wanted)
		after = wanted[len(wanted)-1].Object

		if err := c.listing(ctx, backup.Files, wanted, result); err != nil {
			return err
		}
	}

	if count != header.Count {
		return result.found(backup.ManifestObject, failure.New(failure.EvidenceMissing,
			fmt.Sprintf("comparing the contents (the manifest names %d, the catalogue knows %d good ones of them)", header.Count, count)))
	}

	return nil
}

// listing goes through the bucket's listing of contents once for a page.
func (c *Checker) listing(ctx context.Context, files string, wanted []filecatalogue.Content, result *FilesResult) error {
	there := make(map[string]gcs.Object, len(wanted))
	last := wanted[len(wanted)-1].Object

	for object, err := range c.Files.List(ctx, files+"/contents/", gcs.ListOptions{From: wanted[0].Object}) {
		if err != nil {
			return fmt.Errorf("listing the contents: %w", err)
		}

		if object.Name > last {
			break
		}

		there[object.Name] = object
	}

	for _, content := range wanted {
		have, found := there[content.Object]

		var err error

		switch {
		case !found:
			err = failure.New(failure.ObjectNotFound, "looking for a content")
		case have.Generation != content.Generation:
			err = failure.New(failure.ArchiveInvalid, "comparing a content (it was replaced by another generation)")
		case have.Size != content.Bytes:
			err = failure.New(failure.ArchiveInvalid, "comparing a content (its size is another)")
		default:
			continue
		}

		if err := result.found(content.Object, err); err != nil {
			return err
		}
	}

	return nil
}
