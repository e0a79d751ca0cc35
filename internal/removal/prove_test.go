package removal_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/removal"
)

// A removal that fails at any outside call is finished by the next, once; what
// is not in the catalogue stays.
func TestARemovalSurvivesEveryFailingCall(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	remover := &removal.Remover{Steward: b.Steward, Bucket: b.Bucket}
	taken := b.Drilled(t, "2026-11-22")

	foreign := taken.ManifestObject + ".copy"
	if _, err := b.Bucket.Put(t.Context(), foreign, bytes.NewReader([]byte("x")), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}
		err := remover.Backup(faults.With(t.Context(), counter), taken, time.Now(), "over")
		reached = counter.Reached()

		state := b.Row(t, taken.ID).State
		if err == nil != (state == catalogue.Pruned) && state != catalogue.Pruned {
			t.Fatalf("call %d: %s, %v", n, state, err)
		}

		if state == catalogue.Pruned {
			break
		}
	}

	if names := b.Names(t); !slices.Equal(names, []string{foreign}) {
		t.Errorf("left %v", names)
	}

	if evidence := b.Ledger(t, taken.ID); evidence["backup.pruned"] != 1 {
		t.Errorf("evidence %v", evidence)
	}
}

// With soft delete on, a deleted object is still there, and that is said.
func TestAnObjectThatIsStillListedIsNotGone(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)

	soft := b.Client.Bucket("soft")
	if _, err := soft.Create(t.Context(), gcs.Settings{Location: "EU", SoftDelete: 7 * 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}

	b.Taker.Bucket = soft
	taken := b.Take(t, "2026-11-22")
	remover := &removal.Remover{Steward: b.Steward, Bucket: soft}

	if err := remover.Backup(t.Context(), taken, time.Now(), "over"); !failure.Is(err, failure.StillListed) {
		t.Error(err)
	}

	if state := b.Row(t, taken.ID).State; state != catalogue.Taken {
		t.Errorf("state %s", state)
	}
}

// An upload that appears after its orphan was looked for goes with the backup.
func TestALateObjectGoesWithItsBackup(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	drilled := b.Drilled(t, "2026-11-22")
	late := catalogue.Object{Backup: drilled.ID, Attempt: "att_old", Name: "app/late", Kind: "archive"}
	remover := &removal.Remover{Steward: b.Steward, Bucket: b.Bucket}

	if err := catalogue.Announce(t.Context(), b.Steward, late); err != nil {
		t.Fatal(err)
	}

	if removed, err := remover.Orphans(t.Context(), drilled, time.Now()); err != nil || removed != 1 {
		t.Fatal(removed, err)
	}

	if _, err := b.Bucket.Put(t.Context(), late.Name, bytes.NewReader([]byte("x")), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	if err := remover.Backup(t.Context(), drilled, time.Now(), "over"); err != nil {
		t.Fatal(err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("left %v", names)
	}
}
