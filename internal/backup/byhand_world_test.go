package backup_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/content"
	"steward/internal/gcs"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// byHand is somebody who restores by hand in a cluster of the test's own.
type byHand struct {
	*backuptest.ByHand

	cluster *pgtest.Cluster
}

func newByHand(t *testing.T) *byHand {
	t.Helper()

	h := &byHand{ByHand: backuptest.NewByHand(t), cluster: pgtest.Own(t)}
	h.Into(h.cluster)
	h.Values["database"], h.Values["day"] = "app", "2026-11-22"

	return h
}

// download puts the objects of a backup where they are found, each with and without its generation.
func (h *byHand) download(t *testing.T, b *backuptest.Bench, id string) {
	t.Helper()

	objects, err := catalogue.Objects(t.Context(), b.Steward, id)
	if err != nil {
		t.Fatal(err)
	}

	stored := make([]backuptest.Object, 0, len(objects))
	for _, object := range objects {
		stored = append(stored, backuptest.Object{Name: object.Name, Generation: object.Generation, Content: b.Read(t, object.Name, object.Generation)})
	}

	h.Download(t, "backups", stored)
}

// downloadOf puts a whole bucket there, as it lies; whoever copied it does not know the generations.
func (h *byHand) downloadOf(t *testing.T, b *backuptest.Bench, bucket *gcs.Bucket) {
	t.Helper()

	var stored []backuptest.Object

	for object, err := range bucket.List(t.Context(), "", gcs.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}

		stored = append(stored, backuptest.Object{Name: object.Name, Content: b.Read(t, object.Name, object.Generation)})
	}

	h.Download(t, bucket.Name(), stored)
}

// drop removes what a restore made, its roles apart.
func (h *byHand) drop(t *testing.T, name string) {
	t.Helper()
	backuptest.Exec(t, h.cluster.URL("postgres"), "drop database if exists "+pgx.Identifier{name}.Sanitize())
}

func described(t *testing.T, at string) (description content.Description) {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	err = db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		description, err = content.Describe(ctx, tx, nil)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return description
}

func pgDatabase(t *testing.T, at string) string {
	t.Helper()

	config, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}

	return config.Database
}

func exists(t *testing.T, at, database string) (found bool) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	if err := conn.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", database).Scan(&found); err != nil {
		t.Fatal(err)
	}

	return found
}
