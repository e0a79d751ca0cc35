package filebackup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/gcs"
	"steward/internal/sealed"
)

// newerTries is how often a file that is replaced while it is read is read anew.
// One that changes faster than that cannot be backed up, and is not lost in
// silence: the attempt fails.
const newerTries = 3

// overhead is about what encryption and compression add to a content that does
// not compress: two headers, and a tag for each 64 KiB.
const overhead = 8 << 10

// errVanished says that the app's bucket does not have the generation any more.
var errVanished = errors.New("the file is not there any more")

// content stores the content of one file. Of a file that was replaced since it
// was listed it stores the newer generation; one that was deleted has vanished.
func (r *run) content(ctx context.Context, f *file) error {
	for range newerTries {
		err := r.storeContent(ctx, f)
		if !errors.Is(err, errVanished) {
			return err
		}

		// That it was not found says little: the whole bucket may not be there. A
		// listing that succeeds says what is.
		newer, err := r.live(ctx, f.object)
		if err != nil {
			return err
		}

		if newer.Name == "" {
			f.vanished = true

			return nil
		}

		f.object = newer
		f.content = r.fresh(r.salt.Source(newer.Bucket, newer.Name, newer.Generation))

		if err := r.announce(ctx, []*file{f}); err != nil {
			return err
		}
	}

	return failure.Wrap(failure.Unavailable, "reading a file that is replaced all the time", errVanished)
}

// live gives the live generation of a file, without a name if it has none.
func (r *run) live(ctx context.Context, gone gcs.Object) (gcs.Object, error) {
	for object, err := range r.Source.List(ctx, gone.Name, gcs.ListOptions{}) {
		switch {
		case err != nil:
			return gcs.Object{}, fmt.Errorf("looking for a file that is not there: %w", err)
		case object.Name != gone.Name:
			return gcs.Object{}, nil // the names rise, and the file itself would come first
		case object.Generation == gone.Generation:
			return gcs.Object{}, failure.New(failure.Unavailable, "reading a file that is listed and cannot be read")
		default:
			return object, nil
		}
	}

	return gcs.Object{}, nil
}

// storeContent stores one generation and notes what was stored. A crash before
// the note leaves an object that nobody uses, and that goes when its time is over.
func (r *run) storeContent(ctx context.Context, f *file) error {
	in := newTally()

	stored, err := sealed.Put(ctx, r.Bucket, f.content.Object, "content of a file", gcs.PutOptions{
		Metadata: map[string]string{"kind": "content"}, Expect: f.object.Size + overhead,
	}, r.paced(func(ctx context.Context, to io.Writer) error { return r.seal(ctx, f.object, in, to) }))
	if err != nil {
		return err
	}

	f.content.SourceBytes, f.content.CRC32C, f.content.PlainSHA256 = in.bytes, in.crc32c.Sum32(), hex.EncodeToString(in.sha256.Sum(nil))
	f.content.Generation, f.content.Bytes, f.content.SHA256 = stored.Generation, stored.Size, stored.SHA256

	return filecatalogue.ContentStored(ctx, r.Steward, f.content)
}

// seal reads one generation from the app's bucket and writes it encrypted. It
// fails with ObjectDiffers unless what came is what the listing said.
func (r *run) seal(ctx context.Context, object gcs.Object, in *tally, to io.Writer) error {
	if err := r.inTime(object.Size); err != nil {
		return err
	}

	reader, _, err := r.Source.Get(ctx, object.Name, object.Generation)
	if err != nil {
		return missing(err)
	}

	sealedTo, err := archive.NewWriter(to, r.Recipients)
	if err != nil {
		return errors.Join(fmt.Errorf("sealing: %w", err), reader.Close())
	}

	_, err = io.Copy(r.in.Writer(ctx, r.meter.Writer(io.MultiWriter(in, sealedTo))), reader)
	if closeErr := reader.Close(); err == nil {
		err = closeErr
	}

	if err != nil {
		return missing(err)
	}

	if in.bytes != object.Size || in.crc32c.Sum32() != object.CRC32C {
		return failure.New(failure.ObjectDiffers, "reading a file (it is not what the listing says)")
	}

	return sealedTo.Close()
}

// missing tells a file that is not there from every other fault of reading it.
func missing(err error) error {
	if failure.Is(err, failure.ObjectNotFound) {
		return fmt.Errorf("%w: %w", errVanished, err)
	}

	return fmt.Errorf("reading a file: %w", err)
}

// tally counts and hashes what passes through it.
type tally struct {
	bytes  int64
	crc32c hash.Hash32
	sha256 hash.Hash
}

func newTally() *tally {
	return &tally{crc32c: crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256: sha256.New()}
}

// Write implements io.Writer; it never fails.
func (t *tally) Write(p []byte) (int, error) {
	t.bytes += int64(len(p))
	_, _ = t.crc32c.Write(p) // a hash never fails
	_, _ = t.sha256.Write(p)

	return len(p), nil
}
