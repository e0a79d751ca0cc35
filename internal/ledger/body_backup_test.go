package ledger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"steward/internal/ledger"
)

// A receipt of many objects still fits, names the first of them, and covers all.
func TestAReceiptOfManyObjectsFits(t *testing.T) {
	t.Parallel()

	var objects []ledger.ObjectBody

	for n := range 500 {
		objects = append(objects, ledger.ObjectBody{
			Name: fmt.Sprintf("%s/2026-11-22/att_%s/archive-%03d", strings.Repeat("d", 41), strings.Repeat("a", 26), n), Generation: 1<<63 - 1,
		})
	}

	body := ledger.RemovalBody{
		Backup: "bkp_" + strings.Repeat("a", 26), Database: strings.Repeat("d", 41), Day: "2026-11-22", Generation: 1<<63 - 1,
		SizeBytes: 1<<63 - 1, ManifestSHA256: strings.Repeat("0a", 32), Location: strings.Repeat("l", 41), Bucket: strings.Repeat("b", 63),
	}

	full := body.WithObjects(objects)
	if _, err := ledger.NewEntry(ledger.BackupPruned, day(), full); err != nil {
		t.Error(err)
	}

	if full.V != ledger.RemovalVersion || full.Count != 500 || len(full.Objects) == 0 || len(full.Objects) > 30 {
		t.Errorf("%d named, count %d", len(full.Objects), full.Count)
	}

	objects[499].Generation--

	if other := body.WithObjects(objects); other.ObjectsSHA256 == full.ObjectsSHA256 {
		t.Error("the hash does not cover what is not named")
	}
}

// An entry of the first version, which named no object, is still one.
func TestOldReceiptsVerify(t *testing.T) {
	t.Parallel()

	const old = `{"at":"2026-11-22T03:00:00.000000Z","body":{"backup":"bkp_a","database":"app","day":"2026-11-22","size_bytes":12},` +
		`"id":"led_aaaaaaaaaaaaaaaaaaaaaaaaaa","kind":"backup.pruned","v":1}`

	entry, err := ledger.ParseLeaf([]byte(old))
	if err != nil || string(entry.Leaf()) != old {
		t.Errorf("%s, %v", entry.Leaf(), err)
	}
}

// Every name that a bucket may have can stand in an entry, and no two are called the same.
func TestEveryBucketCanBeNamed(t *testing.T) {
	t.Parallel()

	called := map[string]string{}

	for _, bucket := range []string{"far", "acme-2026-far_2", "9far", "far--2", "123456", "2026-11-22", strings.Repeat("0", 63)} {
		name := ledger.BucketName(bucket)
		if other, twice := called[name]; twice {
			t.Errorf("%s is called as %s", bucket, other)
		}

		called[name] = bucket

		if _, err := ledger.NewEntry(ledger.CopyOverdue, day(), ledger.OverdueBody{
			Backup: "bkp_a", Location: "far", Bucket: name, Object: "x", DueAt: day(), Cause: "retained",
		}); err != nil {
			t.Errorf("%s: %v", bucket, err)
		}
	}

	if called["far"] != "far" {
		t.Error(called)
	}
}

// What is about the first location, or was written before entries named a bucket, has
// the form that it had.
func TestAnEntryWithoutABucketIsAsBefore(t *testing.T) {
	t.Parallel()

	for _, body := range []ledger.Body{
		ledger.CopyBody{Location: "far"},
		ledger.OverdueBody{Location: "far"},
		ledger.ExceptionBody{Location: "far"},
		ledger.RemovalBody{Location: "far"}.WithObjects(nil),
	} {
		raw, err := json.Marshal(body)
		if err != nil || strings.Contains(string(raw), "bucket") {
			t.Errorf("%s, %v", raw, err)
		}
	}
}
