package harness

import (
	"encoding/json"
	"strings"
	"testing"
)

// leaves reads entries as the mirror's segments hold them.
func leaves(t *testing.T, texts ...string) []leaf {
	t.Helper()
	entries := make([]leaf, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	return entries
}

// Which entries the state of a copy stands for.
func TestTheEvidenceOfACopy(t *testing.T) {
	t.Parallel()
	const (
		copied, lost, pruned, bucket = "backup.copied", "copy.missing", "copy.pruned", "copy.bucket.gone"
		running                      = "running"
	)
	for _, each := range []struct {
		state string
		kinds []string
		says  string // empty for nothing
	}{
		{running, nil, ""},
		{stateCopied, []string{copied}, ""},
		{statePruned, []string{copied, pruned}, ""},
		{statePruned, []string{pruned}, ""}, // it never was whole
		{statePruned, []string{copied, bucket}, ""},
		{stateCopied, []string{copied, lost, copied}, ""},
		{running, []string{copied, bucket}, ""},
		{running, []string{copied, bucket, bucket}, ""},
		{stateCopied, []string{copied, bucket, copied}, ""},
		{statePruned, []string{copied, bucket, copied, pruned}, ""},
		{statePruned, []string{copied, bucket, copied, bucket}, ""},
		{stateCopied, nil, "0 entries backup.copied"},
		{stateCopied, []string{copied, copied}, "2 entries backup.copied"},
		{stateCopied, []string{copied, bucket, copied, copied}, "3 entries backup.copied"},
		{stateCopied, []string{copied, pruned}, "1 entries of its end"},
		{stateCopied, []string{copied, bucket}, "1 entries of its end"},
		{running, []string{copied, pruned}, "1 entries of its end"},
		{statePruned, []string{copied}, "0 entries of its end"},
		{statePruned, []string{copied, bucket, copied}, "0 entries of its end"},
		{statePruned, []string{copied, pruned, pruned}, "2 entries of its end"},
	} {
		row := copyRow{BackupID: "bkp_a", Location: "far", State: each.state}
		entries := leaves(t, `{"kind":"copy.pruned","body":{"backup":"bkp_b","location":"far"}}`, `{"kind":"copy.pruned","body":{"backup":"bkp_a","location":"x"}}`)
		for _, kind := range each.kinds {
			entries = append(entries, leaves(t, `{"kind":"`+kind+`","body":{"backup":"bkp_a","location":"far"}}`)...)
		}
		found := &findings{}
		row.checkEvidence(entries, found)
		switch {
		case each.says == "" && len(found.all) > 0:
			t.Errorf("%s, %v: %v", each.state, each.kinds, found.all)
		case each.says != "" && (len(found.all) != 1 || !strings.Contains(found.all[0].Text, each.says)):
			t.Errorf("%s, %v: %v, want %q", each.state, each.kinds, found.all, each.says)
		}
	}
}
