package filebackup

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/gcs"
	"steward/internal/ids"
)

const (
	// batchSize is how many files are looked up at once. Memory holds one batch.
	batchSize = 500
	// atOnce is how many contents are stored at once: small files wait for answers
	// most of the time. Each takes 16 MiB at most: the chunk of its upload that may be
	// sent again, and as much that waits for it (sealed.Put).
	atOnce = 4
)

// walk goes through the app's bucket and writes one line for each file, in the
// order of the listing.
func (r *run) walk(ctx context.Context, list *filemanifest.Writer) error {
	batch := make([]*file, 0, batchSize)

	for object, err := range r.Source.List(ctx, r.Prefix, gcs.ListOptions{}) {
		if err != nil {
			return fmt.Errorf("listing the app's files: %w", err)
		}

		batch = append(batch, &file{object: object})
		if len(batch) < batchSize {
			continue
		}

		if err := r.batch(ctx, list, batch); err != nil {
			return err
		}

		batch = batch[:0]
	}

	return r.batch(ctx, list, batch)
}

// file is one file of a batch.
type file struct {
	// object is the app's, content where it is stored.
	object  gcs.Object
	content filecatalogue.Content
	// vanished says that it was deleted before it could be read.
	vanished bool
}

// entry is the file's line in the list.
func (f *file) entry() filemanifest.Entry {
	return filemanifest.Entry{
		Name: f.object.Name, Generation: f.object.Generation,
		Bytes: f.content.SourceBytes, CRC32C: f.content.CRC32C, SHA256: f.content.PlainSHA256,
		Created: f.object.Created.UTC(), Headers: f.object.Headers, Metadata: f.object.Metadata,
		Content: filemanifest.Content{
			ID: f.content.ID, Object: f.content.Object, Generation: f.content.Generation,
			Bytes: f.content.Bytes, SHA256: f.content.SHA256,
		},
	}
}

// batch finds the contents of some files, stores those that are missing, and
// writes the lines of all.
func (r *run) batch(ctx context.Context, list *filemanifest.Writer, files []*file) error {
	if len(files) == 0 {
		return nil
	}

	missing, err := r.claim(ctx, files)
	if err != nil {
		return err
	}

	if err := r.storeAll(ctx, missing); err != nil {
		return err
	}

	for _, each := range files {
		if each.vanished {
			r.backup.Vanished++

			continue
		}

		if err := list.Add(each.entry()); err != nil {
			return err
		}
	}

	for _, each := range missing {
		if !each.vanished {
			r.backup.Fresh++
		}
	}

	r.meter.Add(0, int64(len(files)))

	return nil
}

// claim finds what is stored already, and announces the rest.
func (r *run) claim(ctx context.Context, files []*file) (missing []*file, err error) {
	sources := make([][]byte, len(files))
	for i, each := range files {
		sources[i] = r.salt.Source(each.object.Bucket, each.object.Name, each.object.Generation)
	}

	claimed, err := filecatalogue.Claim(ctx, r.Steward, r.backup.Files, r.backup.Attempt, sources)
	if err != nil {
		return nil, fmt.Errorf("looking for what is stored: %w", err)
	}

	for i, each := range files {
		if content, found := claimed[string(sources[i])]; found {
			each.content = content

			continue
		}

		each.content = r.fresh(sources[i])
		missing = append(missing, each)
	}

	return missing, r.announce(ctx, missing)
}

// fresh names a content that is not stored yet. Its object's name says nothing
// about the file.
func (r *run) fresh(source []byte) filecatalogue.Content {
	id := ids.New("cnt")

	return filecatalogue.Content{ID: id, Source: source, Object: r.backup.Files + "/contents/" + id}
}

func (r *run) announce(ctx context.Context, files []*file) error {
	contents := make([]filecatalogue.Content, len(files))
	for i, each := range files {
		contents[i] = each.content
	}

	err := filecatalogue.AnnounceContents(ctx, r.Steward, r.backup.Files, r.backup.Attempt, r.backup.SnapshotAt, contents)
	if err != nil {
		return fmt.Errorf("storing files: %w", err)
	}

	return nil
}

func (r *run) storeAll(ctx context.Context, files []*file) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)

	for _, each := range files {
		group.Go(func() error { return r.content(ctx, each) })
	}

	return group.Wait() //nolint:wrapcheck // each says what it was doing
}
