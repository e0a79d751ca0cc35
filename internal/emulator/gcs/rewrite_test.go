package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"cloud.google.com/go/storage"

	"steward/internal/emulator/gcs/gcstest"
)

var errEnough = errors.New("enough")

// A large object comes to another location in several calls; a client that stops
// between two, and an emulator that restarts there, go on with the token. A token of
// one request does not help another.
func TestARewriteGoesOnWithItsToken(t *testing.T) {
	t.Parallel()
	emulator := gcstest.Start(t, gcstest.NewClock(epoch))
	client := emulator.Client(t)
	near := newBucket(t, client, &storage.BucketAttrs{Location: "EU"})
	far := newBucket(t, client, &storage.BucketAttrs{Location: "EUROPE-WEST4"})
	source, err := put(t.Context(), near.Object("a"), bytes.Repeat([]byte("x"), 20<<20))
	must(t, err)

	ctx, stop := context.WithCancelCause(t.Context())
	copier := far.Object("a").CopierFrom(near.Object("a").Generation(source.Generation))
	var told []uint64
	copier.ProgressFunc = func(done, _ uint64) {
		told = append(told, done)
		stop(errEnough)
	}
	if _, err := copier.Run(ctx); err == nil || len(told) != 1 || told[0] != 8<<20 {
		t.Fatal(err, told)
	}
	if _, err := far.Object("a").Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Error("a part of a rewrite is visible:", err)
	}
	token := copier.RewriteToken

	other := far.Object("b").CopierFrom(near.Object("a").Generation(source.Generation))
	other.RewriteToken = token
	if _, err := other.Run(t.Context()); err == nil {
		t.Error("a token served another request")
	}

	emulator.Restart(t)
	client = emulator.Client(t)
	again := client.Bucket(far.BucketName()).Object("a").
		CopierFrom(client.Bucket(near.BucketName()).Object("a").Generation(source.Generation))
	again.RewriteToken = token
	again.ProgressFunc = func(done, _ uint64) { told = append(told, done) }
	made, err := again.Run(t.Context())
	if err != nil || made.CRC32C != source.CRC32C || len(told) != 3 || told[1] != 16<<20 {
		t.Error(made, err, told)
	}
}
