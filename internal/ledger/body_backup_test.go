package ledger_test

import (
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
		SizeBytes: 1<<63 - 1, ManifestSHA256: strings.Repeat("0a", 32),
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
