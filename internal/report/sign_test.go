package report_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/ledger/ledgertest"
	"steward/internal/report"
)

// small is a signed report of a few days.
func small(t testing.TB) (report.Report, report.Signed, []byte) {
	t.Helper()

	w := newWorld(t, "2026-11", utc(11, 3, 12, 0), "app")
	w.days("app", nov(1), nov(3), nil)
	w.seal(1)

	made := w.assemble()
	signer, _ := testKeys(t)

	signed, err := report.Sign(made, signer)
	must(t, err == nil)

	text, err := signed.File()
	must(t, err == nil)

	return made, signed, text
}

// open is what somebody does who was handed a file.
func open(text []byte, verifier note.Verifier) (report.Report, error) {
	signed, err := report.Parse(text)
	if err != nil {
		return report.Report{}, err
	}

	return signed.Open(verifier)
}

func TestSignAndOpen(t *testing.T) {
	t.Parallel()

	made, signed, text := small(t)
	_, verifier := testKeys(t)

	got, err := open(text, verifier)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(made, got); diff != "" {
		t.Error(diff)
	}

	parsed, err := report.Parse(text)
	if err != nil || parsed != signed {
		t.Errorf("%v", err)
	}

	if again, err := parsed.File(); err != nil || !bytes.Equal(again, text) {
		t.Errorf("%v", err)
	}
}

// Whichever byte of the file is changed, by a little or from one case to the
// other, it is refused.
func TestEveryByteIsSigned(t *testing.T) {
	t.Parallel()

	_, _, text := small(t)
	_, verifier := testKeys(t)

	for i := range text {
		for _, flip := range []byte{1, 'a' ^ 'A'} {
			forged := bytes.Clone(text)
			forged[i] ^= flip

			if _, err := open(forged, verifier); !failure.Is(err, failure.SignatureInvalid) {
				t.Fatalf("byte %d as %q: %v", i, forged[i], err)
			}
		}
	}

	for _, n := range []int{0, 1, len(text) / 2, len(text) - 1} {
		if _, err := open(text[:n], verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
}

// Changes that leave the JSON as readable as before.
func TestForgeries(t *testing.T) {
	t.Parallel()

	_, signed, text := small(t)
	signer, verifier := testKeys(t)
	stranger, strange := ledgertest.Keys(t)

	other := `{"format":"steward-backup-evidence/4"}`
	sign := func(content string, by note.Signer) []byte {
		made, err := note.Sign(&note.Note{Text: content}, by)
		must(t, err == nil)

		out, err := report.Signed{Report: other, Note: string(made)}.File()
		must(t, err == nil)

		return out
	}

	statement, _, _ := strings.Cut(signed.Note, "\n\n")

	twice, err := note.Sign(&note.Note{Text: statement + "\n"}, signer, stranger)
	must(t, err == nil)

	twoSignatures, err := report.Signed{Report: signed.Report, Note: string(twice)}.File()
	must(t, err == nil)

	for name, forged := range map[string][]byte{
		"nothing":             nil,
		"no JSON":             []byte("nonsense\n"),
		"another shape":       []byte("[]\n"),
		"a missing report":    []byte(`{"note":"x"}` + "\n"),
		"one white space":     append(bytes.Clone(text), ' '),
		"without white space": []byte(`{"report":` + signed.Report + `,"note":"` + strings.ReplaceAll(signed.Note, "\n", `\n`) + `"}` + "\n"),
		"the report twice":    bytes.Replace(text, []byte(`"report"`), []byte(`"report": {}, "report"`), 1),
		"one more member":     bytes.Replace(text, []byte(`"report"`), []byte(`"more": 1, "report"`), 1),
		"a brighter number":   bytes.Replace(text, []byte(`"proven": 3`), []byte(`"proven": 4`), 1),
		"a sealed entry more": bytes.Replace(text, []byte(`"position": -1`), []byte(`"position": 9`), 1),
		"two signatures":      twoSignatures,
		"over other content":  sign(report.Format+"\n"+report.Hash([]byte("{}"))+"\n", signer),
		"another format":      sign(report.Format+"\n"+report.Hash([]byte(other))+"\n", signer),
		"a later format":      sign("steward-backup-evidence/4\n"+report.Hash([]byte(other))+"\n", signer),
		"the version before":  sign(report.OldFormat+"\n"+report.Hash([]byte(other))+"\n", signer),
		"another signer":      sign(report.Format+"\n"+report.Hash([]byte(other))+"\n", stranger),
		"too much":            bytes.Repeat([]byte(" "), 5<<20),
	} {
		if bytes.Equal(forged, text) {
			t.Fatalf("%s: nothing was forged", name)
		}

		if got, err := open(forged, verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v, %v", name, got.Month, err)
		}
	}

	if _, err := open(text, strange); !failure.Is(err, failure.SignatureInvalid) {
		t.Errorf("with another key: %v", err)
	}
}

// A report that stands on the checkpoint of another ledger, or on a state that its
// checkpoint is not of, is none.
func TestTheCheckpointIsChecked(t *testing.T) {
	t.Parallel()

	made, _, _ := small(t)
	signer, verifier := testKeys(t)

	if got, err := made.StandsOn(verifier); err != nil || got.Size != made.Ledger.Size {
		t.Errorf("%+v, %v", got, err)
	}

	empty := made
	empty.Ledger = report.Checkpoint{Origin: ledgerName}

	if got, err := empty.StandsOn(verifier); err != nil || got.Size != 0 {
		t.Errorf("%+v, %v", got, err)
	}

	for name, change := range map[string]func(*report.Checkpoint){
		"another size":  func(c *report.Checkpoint) { c.Size++ },
		"another root":  func(c *report.Checkpoint) { c.Root = "BBBB" + c.Root[4:] },
		"no checkpoint": func(c *report.Checkpoint) { c.Checkpoint = "" },
		"a forged one":  func(c *report.Checkpoint) { c.Checkpoint = strings.Replace(c.Checkpoint, "time 2026", "time 2027", 1) },
	} {
		forged := made
		change(&forged.Ledger)

		if _, err := forged.StandsOn(verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	made.Ledger.Origin = "another/ledger"

	signed, err := report.Sign(made, signer)
	must(t, err == nil)

	if _, err := signed.Open(verifier); !failure.Is(err, failure.SignatureInvalid) {
		t.Error(err)
	}
}

func TestCited(t *testing.T) {
	t.Parallel()

	made, _, _ := small(t)

	cited, err := made.Cited()
	if err != nil || len(cited) != len(made.Entries) || cited[0].Hash.String() != made.Entries[0].Hash || cited[0].Position != 0 {
		t.Errorf("%+v, %v", cited, err)
	}

	made.Entries[0].Hash = "nonsense"
	if _, err := made.Cited(); !failure.Is(err, failure.SignatureInvalid) {
		t.Error(err)
	}
}

// A report of too many databases is refused before it is signed.
func TestTheBound(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later())
	for i := range 40 {
		name := fmt.Sprintf("shop%d", i)
		w.facts.Rule.Databases, w.facts.Watched[name] = append(w.facts.Rule.Databases, name), w.facts.InstalledAt
		w.whole(name, nil)
	}

	w.seal(0)

	signer, _ := testKeys(t)
	made := w.assemble()

	if _, err := report.Sign(made, signer); !failure.Is(err, failure.ReportRefused) {
		t.Error(err)
	}

	// As many databases as the comment of the bound says do fit.
	made.Databases, made.Entries = made.Databases[:20], made.Entries[:20*30*3]
	if signed, err := report.Sign(made, signer); err != nil || len(signed.Report) > report.MaxBytes {
		t.Errorf("%d bytes, %v", len(signed.Report), err)
	}
}

// Whoever has jq and sha256sum needs no Steward to see what was signed.
func TestTheHashByHand(t *testing.T) {
	t.Parallel()

	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not on this machine")
	}

	_, signed, text := small(t)

	command := exec.CommandContext(t.Context(), jq, "-cj", ".report")
	command.Stdin = bytes.NewReader(text)

	out, err := command.Output()
	if err != nil || report.Hash(out) != strings.Split(signed.Note, "\n")[1] {
		t.Errorf("%v: %s", err, report.Hash(out))
	}
}
