package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
	"steward/internal/sealed"
)

var errProducer = errors.New("the producer failed")

func world(t *testing.T) *gcs.Bucket {
	t.Helper()

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test",
		Patience: gcs.Patience{Call: 5 * time.Second, Chunk: 5 * time.Second, Transfer: 2 * time.Second},
	})
	check(t, err)
	t.Cleanup(func() { check(t, client.Close()) })

	bucket := client.Bucket("sealed")
	_, err = bucket.Create(t.Context(), gcs.Settings{Location: "EU"})
	check(t, err)

	return bucket
}

// A producer that fails leaves no object, however much it wrote; an upload that is
// refused ends the producer.
func TestWhicheverFailsEndsTheOther(t *testing.T) {
	t.Parallel()

	bucket := world(t)

	for _, bytes := range []int{0, 1, 1 << 20, 9 << 20} {
		_, err := sealed.Put(t.Context(), bucket, "failing", "thing", gcs.PutOptions{}, func(_ context.Context, to io.Writer) error {
			_, err := to.Write(make([]byte, bytes))

			return errors.Join(err, errProducer)
		})
		if !errors.Is(err, errProducer) || !strings.Contains(err.Error(), "thing") {
			t.Errorf("after %d bytes: %v", bytes, err)
		}
	}

	for object, err := range bucket.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		t.Errorf("%s was left, %v", object.Name, err)
	}

	_, err := bucket.Put(t.Context(), "there", strings.NewReader("x"), gcs.PutOptions{})
	check(t, err)

	_, err = sealed.Put(t.Context(), bucket, "there", "thing", gcs.PutOptions{}, func(ctx context.Context, to io.Writer) error {
		for ctx.Err() == nil {
			if _, err := to.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}

		return ctx.Err()
	})
	if !failure.Is(err, failure.ObjectExists) {
		t.Error(err)
	}
}

// What is read must be what is pinned, and another object is refused as such before
// anything else is said of it.
func TestOnlyWhatIsPinnedIsRead(t *testing.T) {
	t.Parallel()

	bucket := world(t)

	mine, err := age.GenerateX25519Identity()
	check(t, err)

	object, err := sealed.Put(t.Context(), bucket, "object", "thing", gcs.PutOptions{}, func(_ context.Context, to io.Writer) error {
		writer, err := archive.NewWriter(to, []age.Recipient{mine.Recipient()})
		check(t, err)
		_, err = writer.Write([]byte("in the clear"))

		return errors.Join(err, writer.Close())
	})
	check(t, err)

	right := manifest.Stored{Bucket: "sealed", Object: "object", Generation: object.Generation, Bytes: object.Size, SHA256: object.SHA256}
	longer, other, elsewhere, missing := right, right, right, right
	longer.Bytes++
	other.SHA256 = strings.Repeat("0", 64)
	elsewhere.Bucket = "other"
	missing.Generation++

	for name, c := range map[string]struct {
		stored manifest.Stored
		code   failure.Code
	}{
		"right": {right, ""}, "longer": {longer, failure.ArchiveInvalid}, "of another hash": {other, failure.ArchiveInvalid},
		"elsewhere": {elsewhere, failure.ManifestInvalid}, "missing": {missing, failure.ObjectNotFound},
	} {
		read := int64(0)
		reader := sealed.Reader{Bucket: bucket, Identities: []age.Identity{mine}, Tell: func(_ string, bytes int64) { read = bytes }}

		var plain bytes.Buffer

		verified := reader.Verify(t.Context(), c.stored, "thing")
		decrypted := reader.Decrypt(t.Context(), c.stored, "thing", &plain)

		if failure.CodeOf(verified) != c.code || failure.CodeOf(decrypted) != c.code {
			t.Errorf("%s: %v, %v", name, verified, decrypted)
		}

		if c.code == "" && (plain.String() != "in the clear" || read != right.Bytes) {
			t.Errorf("%s: %q of %d bytes", name, plain.String(), read)
		}
	}

	stranger, err := age.GenerateX25519Identity()
	check(t, err)

	reader := sealed.Reader{Bucket: bucket, Identities: []age.Identity{stranger}}
	if err := reader.Decrypt(t.Context(), right, "thing", io.Discard); !failure.Is(err, failure.DecryptFailed) {
		t.Error(err)
	}

	if err := reader.Decrypt(t.Context(), other, "thing", io.Discard); !failure.Is(err, failure.ArchiveInvalid) {
		t.Error(err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
