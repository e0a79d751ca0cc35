package filedrill

import (
	"context"
	"errors"
	"fmt"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/fileprogress"
	"steward/internal/gcs"
)

// batchSize is how many lines are looked up at once. Memory holds one batch.
const batchSize = 500

// list goes through the list of files: each line must be one that the catalogue
// knows, what was never proven is proven, and the totals must be the header's.
func (r *run) list(ctx context.Context) error {
	if err := r.expect(ctx); err != nil {
		return err
	}

	r.meter.Begin(fileprogress.Files)

	lines, err := r.reader().Decrypted(ctx, r.header.List, "list")
	if err != nil {
		return err
	}

	r.sample = newSample(r.header.Count, r.backup.ManifestSHA256)
	batch := make([]filemanifest.Entry, 0, batchSize)

	totals, err := filemanifest.ReadList(lines, func(entry filemanifest.Entry) error {
		batch = append(batch, entry)
		if len(batch) < batchSize {
			return nil
		}

		err := r.batch(ctx, batch)
		batch = batch[:0]

		return err
	})
	if err == nil {
		err = r.batch(ctx, batch)
	}

	if err := errors.Join(err, lines.Close()); err != nil {
		return err
	}

	wanted := filemanifest.Totals{Count: r.header.Count, SourceBytes: r.header.SourceBytes, StoredBytes: r.header.StoredBytes}
	if totals != wanted {
		return failure.New(failure.ManifestInvalid, "reading the list of files (it does not add up to what the manifest says)")
	}

	return nil
}

// expect tells how much there is to prove.
func (r *run) expect(ctx context.Context) error {
	if r.Expected == nil {
		return nil
	}

	bytes, err := filecatalogue.UnprovenBytes(ctx, r.Steward, r.backup.Files, r.backup.SnapshotAt)
	if err != nil {
		return fmt.Errorf("estimating: %w", err)
	}

	r.Expected(bytes)

	return nil
}

// batch checks some lines against the catalogue and proves what is new.
func (r *run) batch(ctx context.Context, entries []filemanifest.Entry) error {
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = entry.Content.ID
	}

	known, err := filecatalogue.Named(ctx, r.Steward, ids)
	if err != nil {
		return fmt.Errorf("comparing with the catalogue: %w", err)
	}

	var fresh []proof

	for _, entry := range entries {
		content := known[entry.Content.ID]

		switch {
		case !same(entry, content) || content.FirstAt.After(r.backup.SnapshotAt) || content.NewestAt.Before(r.backup.SnapshotAt):
			return failure.New(failure.ManifestInvalid, "reading the list of files (it names a content that the catalogue does not know so)")
		case content.Bad:
			r.known()
		case content.Drilled:
			r.sample.offer(proofOf(entry))
		default:
			fresh = append(fresh, proofOf(entry))
		}
	}

	proven, err := r.proveAll(ctx, fresh)
	r.done.fresh += proven
	r.done.files += int64(len(entries))
	r.meter.Add(0, int64(len(entries)))

	return err
}

// same compares a line with the catalogue; a content that it does not have is
// the zero one.
func same(entry filemanifest.Entry, content filecatalogue.Content) bool {
	return entry.Bytes == content.SourceBytes && entry.CRC32C == content.CRC32C && entry.SHA256 == content.PlainSHA256 &&
		entry.Content == filemanifest.Content{
			ID: content.ID, Object: content.Object, Generation: content.Generation, Bytes: content.Bytes, SHA256: content.SHA256,
		}
}

// page is how many contents are compared with the bucket's listing at once.
const page = 1000

// listed proves from the bucket's own listing that every content which the
// manifest names is there, live, in the generation and size that the catalogue
// and so the list have.
func (r *run) listed(ctx context.Context) error {
	r.meter.Begin(fileprogress.Listing)

	for after := ""; ; {
		wanted, err := filecatalogue.NamedAt(ctx, r.Steward, r.backup.Files, r.backup.SnapshotAt, after, page)
		if err != nil {
			return fmt.Errorf("comparing with the listing: %w", err)
		}

		if len(wanted) == 0 {
			return nil
		}

		missing, err := r.missing(ctx, wanted)
		if err != nil {
			return err
		}

		if err := r.condemn(ctx, missing, failure.New(failure.ObjectNotFound, "looking for a content in the bucket's listing")); err != nil {
			return err
		}

		after = wanted[len(wanted)-1].Object
		r.meter.Add(0, int64(len(wanted)))
	}
}

// missing goes through the listing beside the wanted contents, both in the order
// of their names, and gives the ids of those that are not there as wanted.
func (r *run) missing(ctx context.Context, wanted []filecatalogue.Content) (missing []string, err error) {
	options := gcs.ListOptions{From: wanted[0].Object}

	for object, err := range r.Bucket.List(ctx, r.backup.Files+"/contents/", options) {
		if err != nil {
			return nil, fmt.Errorf("listing the contents: %w", err)
		}

		for len(wanted) > 0 && wanted[0].Object < object.Name {
			missing, wanted = append(missing, wanted[0].ID), wanted[1:]
		}

		if len(wanted) == 0 {
			return missing, nil
		}

		if wanted[0].Object == object.Name {
			if wanted[0].Generation != object.Generation || wanted[0].Bytes != object.Size {
				missing = append(missing, wanted[0].ID)
			}

			wanted = wanted[1:]
		}
	}

	for _, content := range wanted {
		missing = append(missing, content.ID)
	}

	return missing, nil
}
