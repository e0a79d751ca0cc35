package stored_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/doctor/doctortest"
	"steward/internal/doctor/stored"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func checker(t *testing.T, w *doctortest.World) *stored.Checker {
	t.Helper()

	key, err := note.NewVerifier(w.Policy.Keys.Manifest)
	if err != nil {
		t.Fatal(err)
	}

	return &stored.Checker{Steward: w.Steward, Bucket: w.Backups(), Verifier: key}
}

func check(t *testing.T, c *stored.Checker, backup catalogue.Backup) stored.Result {
	t.Helper()

	result, err := c.Check(t.Context(), backup, clocks.System().Now())
	if err != nil {
		t.Fatal(err)
	}

	return result
}

func TestABackupThatIsThereIsGood(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	c, taken := checker(t, w), w.Backup(t, "2026-11-22")

	if result := check(t, c, taken); result.Verdict != stored.Good || len(result.Findings) > 0 || result.Objects != 3 {
		t.Errorf("%+v", result)
	}

	for _, state := range []catalogue.State{catalogue.Running, catalogue.Bad, catalogue.Pruned} {
		other := taken
		other.State = state

		if result := check(t, c, other); result.Verdict != stored.Skipped {
			t.Errorf("%s: %+v", state, result)
		}
	}
}

// TestWhateverIsOffIsFound changes one thing at a time, in the catalogue's row or
// in its list of objects.
func TestWhateverIsOffIsFound(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	c, taken := checker(t, w), w.Backup(t, "2026-11-22")

	for _, test := range []struct {
		name, sql string
		change    func(*catalogue.Backup)
		want      failure.Code
	}{
		{"another generation of the manifest", "", func(b *catalogue.Backup) { b.ManifestGen++ }, failure.ObjectNotFound},
		{"another hash of the manifest", "", func(b *catalogue.Backup) { b.ManifestSHA256 = strings.Repeat("0", 64) }, failure.ManifestInvalid},
		{"another day", "", func(b *catalogue.Backup) { b.Day = "2026-11-21" }, failure.ManifestInvalid},
		{"another database", "", func(b *catalogue.Backup) { b.Database = "steward" }, failure.ManifestInvalid},
		{"another size in the list", "update backup_objects set bytes = bytes + 1 where kind = 'archive'", nil, failure.ManifestInvalid},
		{"another generation in the list", "update backup_objects set generation = generation + 1 where kind = 'globals'", nil, failure.ManifestInvalid},
		{"missing in the list", "delete from backup_objects where kind = 'globals'", nil, failure.EvidenceMissing},
	} {
		backup := taken
		if test.change != nil {
			test.change(&backup)
		}

		if test.sql != "" {
			if _, err := w.Steward.Exec(t.Context(), test.sql); err != nil {
				t.Fatal(err)
			}
		}

		result := check(t, c, backup)
		if result.Verdict != stored.Bad || result.Findings[len(result.Findings)-1].Code != test.want {
			t.Errorf("%s: %+v", test.name, result)
		}
	}
}

// TestAnObjectThatIsGoneOrReplacedIsFound changes the bucket, which has no
// retention here.
func TestAnObjectThatIsGoneOrReplacedIsFound(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Policy.Storage.Backups = "loose"

	if _, err := w.Backups().Create(t.Context(), gcs.Settings{Location: "EU"}); err != nil {
		t.Fatal(err)
	}

	c, taken := checker(t, w), w.Backup(t, "2026-11-22")

	for _, test := range []struct {
		suffix  string
		replace bool
		want    failure.Code
	}{{"archive", true, failure.ArchiveInvalid}, {"globals", false, failure.ObjectNotFound}} {
		name := objectOf(t, w, taken.ID, test.suffix)

		object, err := w.Backups().Stat(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}

		if test.replace {
			_, err = w.Backups().Put(t.Context(), name, bytes.NewReader([]byte("other")), gcs.PutOptions{Replace: object.Generation})
		} else {
			err = w.Backups().Delete(t.Context(), name, object.Generation)
		}

		if err != nil {
			t.Fatal(err)
		}

		result := check(t, c, taken)
		if last := result.Findings[len(result.Findings)-1]; result.Verdict != stored.Bad || last.Code != test.want || last.Object != name {
			t.Errorf("%s: %+v", name, result)
		}
	}
}

func objectOf(t *testing.T, w *doctortest.World, id, kind string) string {
	t.Helper()

	objects, err := catalogue.Objects(t.Context(), w.Steward, id)
	if err != nil {
		t.Fatal(err)
	}

	for _, object := range objects {
		if object.Kind == kind {
			return object.Name
		}
	}

	t.Fatalf("there is no %s", kind)

	return ""
}

func TestAManifestOfAnotherKeyIsFound(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	c, taken := checker(t, w), w.Backup(t, "2026-11-22")

	key, err := note.NewVerifier(w.Policy.Keys.Ledger)
	if err != nil {
		t.Fatal(err)
	}

	c.Verifier = key
	if result := check(t, c, taken); result.Verdict != stored.Bad || result.Findings[0].Code != failure.SignatureInvalid {
		t.Errorf("%+v", result)
	}
}

func TestABucketThatDoesNotAnswerIsAnError(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	taken := w.Backup(t, "2026-11-22")

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: "http://127.0.0.1:1", Project: "test", Patience: gcs.Patient().Scaled(0.001),
	})
	if err != nil {
		t.Fatal(err)
	}

	c := checker(t, w)
	c.Bucket = client.Bucket(w.Policy.Storage.Backups)

	if _, err := c.Check(t.Context(), taken, time.Now()); !failure.Is(err, failure.Unavailable) {
		t.Errorf("%v", err)
	}
}
