package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/postgres"
)

// leaf is what an entry says about a backup, as its text in a segment reads.
type leaf struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Body struct {
		Backup         string `json:"backup"`
		Database       string `json:"database"`
		Files          string `json:"files"`
		Day            string `json:"day"`
		Location       string `json:"location"`
		ManifestSHA256 string `json:"manifest_sha256"`
		ContentsSHA256 string `json:"contents_sha256"`
		Rows           int64  `json:"rows"`
		Count          int64  `json:"count"`
		// Of an exception.
		Cause    string     `json:"cause"`
		DueAt    *time.Time `json:"due_at"`
		Contents int64      `json:"contents"`
	} `json:"body"`
}

// checkLedger builds the tree anew from the mirror's segments, compares its root
// with what is signed and with the database, asks the auditor as well, and looks
// for the entries of each good backup.
func (w *World) checkLedger(ctx context.Context, held catalogue, found *findings) error {
	leaves, err := w.readSegments(ctx, found)
	if err != nil {
		return err
	}
	if err := w.checkRoot(ctx, leaves, found); err != nil {
		return err
	}
	entries := make([]leaf, len(leaves))
	for i, text := range leaves {
		if err := json.Unmarshal(text, &entries[i]); err != nil {
			found.addf("ledger", "entry %d is no JSON", i)
		}
	}
	for _, row := range held.backups {
		checkEvidence(row, entries, found)
	}
	w.checkTimes(held, entries, found)
	w.checkCopyEvidence(held, entries, found)
	w.checkFileEvidence(held.files, entries, found)
	return w.askAuditor(ctx, found)
}

// readSegments gives the leaves in order.
func (w *World) readSegments(ctx context.Context, found *findings) ([][]byte, error) {
	const head, fields = 3, 3
	bucket := w.Rules.Storage.Ledger
	listed, err := w.generations(ctx, bucket, "segments/")
	if err != nil {
		return nil, err
	}
	var leaves [][]byte
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		content, err := w.generation(ctx, bucket, name, listed[name])
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
		if len(lines) <= head {
			found.addf("ledger", "segment %s is empty", name)
			continue
		}
		for _, line := range lines[head:] {
			parts := strings.SplitN(line, " ", fields)
			if len(parts) != fields || parts[0] != strconv.Itoa(len(leaves)) {
				found.addf("ledger", "segment %s: position %s where %d is next", name, parts[0], len(leaves))
				continue
			}
			text := []byte(parts[2])
			hash := leafHash(text)
			if parts[1] != base64.StdEncoding.EncodeToString(hash[:]) {
				found.addf("ledger", "segment %s: the hash of entry %s is not that of its text", name, parts[0])
			}
			leaves = append(leaves, text)
		}
	}
	return leaves, nil
}

// checkRoot compares our tree with the signed one and with the database's rows.
func (w *World) checkRoot(ctx context.Context, leaves [][]byte, found *findings) error {
	rows, err := Rows(ctx, w.StewardURL, `select encode(sha256('\x00'::bytea || convert_to(
		'{"at":"' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","body":' || body
		|| ',"id":"' || id || '","kind":"' || kind || '","v":1}', 'UTF8')), 'hex') from ledger.entries order by position nulls last`)
	if err != nil {
		return err
	}
	if len(rows) != len(leaves) {
		found.addf("ledger", "the database has %d entries, the mirror %d", len(rows), len(leaves))
	}
	hashes := make([][sha256.Size]byte, len(leaves))
	for i, text := range leaves {
		hashes[i] = leafHash(text)
		if i < len(rows) && fmt.Sprintf("%x", hashes[i]) != rows[i] {
			found.addf("ledger", "entry %d differs between database and mirror", i)
		}
	}
	root := treeHash(hashes)
	heads, err := Rows(ctx, w.StewardURL, `select size || ' ' || encode(root, 'base64') from ledger.head`)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("%d %s", len(leaves), base64.StdEncoding.EncodeToString(root[:]))
	if len(heads) != 1 || heads[0] != want {
		found.addf("ledger", "the database's head is %s, the entries give %s", heads, want)
	}
	if len(leaves) == 0 {
		return nil
	}
	return w.checkSigned(ctx, strings.Split(want, " "), found)
}

// checkSigned compares the mirror's newest checkpoint with size and root.
func (w *World) checkSigned(ctx context.Context, want []string, found *findings) error {
	latest, err := w.object(ctx, w.Rules.Storage.Ledger, "work/latest", 0)
	if err != nil {
		found.addf("ledger", "there is no newest checkpoint: %v", err)
		return nil
	}
	verifier, err := note.NewVerifier(w.Rules.Keys.Ledger)
	if err != nil {
		return fmt.Errorf("reading the pinned key: %w", err)
	}
	opened, err := note.Open(latest, note.VerifierList(verifier))
	if err != nil {
		found.addf("ledger", "the newest checkpoint's signature does not hold: %v", err)
		return nil
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 3 || lines[1] != want[0] || lines[2] != want[1] {
		found.addf("ledger", "the newest checkpoint says %q, the entries give %v", lines, want)
	}
	return nil
}

// leafHash and nodeHash are those of RFC 6962, section 2.1.
func leafHash(text []byte) [sha256.Size]byte { return sha256.Sum256(append([]byte{0}, text...)) }

func nodeHash(left, right [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.Join([][]byte{{1}, left[:], right[:]}, nil))
}

// treeHash is the definition itself: the left half is the largest power of two
// that is smaller than the whole.
func treeHash(hashes [][sha256.Size]byte) [sha256.Size]byte {
	switch len(hashes) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return hashes[0]
	}
	half := 1
	for half*2 < len(hashes) {
		half *= 2
	}
	return nodeHash(treeHash(hashes[:half]), treeHash(hashes[half:]))
}

// checkEvidence looks for exactly one entry of each kind that a row's state
// stands for.
func checkEvidence(row backupRow, entries []leaf, found *findings) {
	count := map[string]int{}
	for _, entry := range entries {
		if entry.Body.Backup != row.ID {
			continue
		}
		// What outstayed its time is told of each object, not of a day.
		if !strings.HasSuffix(entry.Kind, ".overdue") && (entry.Body.Database != row.Database || entry.Body.Day != row.Day) {
			found.addf("ledger", "an entry says another day of %s", row.ID)
		}
		if entry.Body.ManifestSHA256 == row.ManifestSHA256 {
			count[entry.Kind]++
		}
	}
	wanted := map[string]int{}
	switch row.State {
	case stateGood:
		wanted = map[string]int{"backup.stored": 1, "backup.drilled": 1, "backup.pruned": 0}
	case statePruned:
		wanted = map[string]int{"backup.stored": 1, "backup.drilled": 1, "backup.pruned": 1}
	}
	for kind, want := range wanted {
		if count[kind] != want {
			found.addf("ledger", "%s %s is %s and has %d entries %s", row.Database, row.Day, row.State, count[kind], kind)
		}
	}
}

// askAuditor lets the ledger's own auditor compare the copies.
func (w *World) askAuditor(ctx context.Context, found *findings) error {
	db, err := postgres.Open(ctx, w.StewardURL)
	if err != nil {
		return fmt.Errorf("asking the auditor: %w", err)
	}
	defer db.Close()
	client, err := gcs.Open(ctx, gcs.Options{Endpoint: w.Storage.URL(), Project: "test"})
	if err != nil {
		return fmt.Errorf("asking the auditor: %w", err)
	}
	defer client.Close() //nolint:errcheck // only read from
	verifier, err := note.NewVerifier(w.Rules.Keys.Ledger)
	if err != nil {
		return fmt.Errorf("reading the pinned key: %w", err)
	}
	listed, err := w.generations(ctx, w.Rules.Storage.Ledger, "")
	if err != nil {
		return err
	}
	mirror, err := audit.OpenMirror(ctx, remembered{
		Mirror: gcsmirror.New(client.Bucket(w.Rules.Storage.Ledger)), world: w, listed: listed,
	})
	if err != nil {
		return fmt.Errorf("asking the auditor: %w", err)
	}
	return db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		copied, err := audit.OpenDatabase(ctx, tx)
		if err != nil {
			return fmt.Errorf("asking the auditor: %w", err)
		}
		report, err := audit.Verify(ctx, audit.Options{Verifier: verifier, AsOf: w.Now()}, copied, mirror)
		if err != nil {
			return fmt.Errorf("asking the auditor: %w", err)
		}
		for _, finding := range report.Findings {
			found.addf("ledger", "the auditor says: %s", finding)
		}
		return nil
	})
}

// remembered is the mirror with what was read before: a ledger of hundreds of
// segments is looked at after each of hundreds of runs.
type remembered struct {
	ledger.Mirror

	world  *World
	listed map[string]int64
}

// Get implements ledger.Mirror.
func (r remembered) Get(ctx context.Context, name string) ([]byte, ledger.Generation, error) {
	at, there := r.listed[name]
	if !there {
		return r.Mirror.Get(ctx, name)
	}
	content, err := r.world.generation(ctx, r.world.Rules.Storage.Ledger, name, at)
	return content, ledger.Generation(at), err
}
