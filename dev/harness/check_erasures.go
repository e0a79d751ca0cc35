package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"steward/dev/internal/hidden"
)

// caseRow is an erasure, with how much of what it kept is still there.
type caseRow struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Account   string     `json:"account"`
	Stage     string     `json:"stage"`
	App       string     `json:"app"`
	Tombstone string     `json:"tombstone"`
	EndedAt   *time.Time `json:"ended_at"`
	// Tombstones are the rows, Sealed those of them that say when they were seen sealed.
	Tombstones int `json:"tombstones"`
	Sealed     int `json:"sealed"`
	// Keys, Kept and Records count keys of the case, sealed rows of it, and replay records that are not called gone.
	Keys    int `json:"keys"`
	Kept    int `json:"kept"`
	Records int `json:"records"`
	// State is that of the account in Steward's own records.
	State string `json:"state"`
}

// selectCases reads every erasure with all that hangs on it.
const selectCases = `select (to_jsonb(e) || jsonb_build_object(
	'tombstones', (select count(*) from erasure_tombstones as t where t.erasure = e.id),
	'sealed', (select count(*) from erasure_tombstones as t where t.erasure = e.id and t.sealed_at is not null),
	'keys', (select count(*) from case_keys as k where k.case_id = e.id),
	'kept', (select count(*) from erasure_subjects as s where s.erasure = e.id)
		+ (select count(*) from erasure_frozen as f where f.erasure = e.id)
		+ (select count(*) from pseudonym_keys as p where p.erasure = e.id),
	'records', (select count(*) from replay_records as r where r.erasure = e.id and r.gone_at is null),
	'state', coalesce((select a.state from accounts as a where a.id = e.account), '')))::text from erasures as e order by e.id`

// The stages in which CheckWorld knows more of a case than that it is on its way.
const (
	caseTombstoned = "tombstoned"
	caseBlocked    = "blocked"
	caseWaiting    = "waiting"
	caseDone       = "done"
	caseCancelled  = "cancelled"
	caseObserved   = "observed"
)

// closed is what an account is called that is closed for good, and what the app was told of it.
const closed = "closed"

// ofAccount reports whether it is an account that is erased, and not a person.
func (c caseRow) ofAccount() bool { return c.Kind == "account" }

// erased reports whether nothing of the subject may be there.
func (c caseRow) erased() bool { return c.Stage == caseWaiting || c.Stage == caseDone }

// decided reports whether the case has passed its tombstone.
func (c caseRow) decided() bool { return c.Tombstone != "" }

// checkErasures compares the cases with the app, its bucket, the ledger's mirror and the accounts: what was erased is
// nowhere, all else is as it was, and each decision was made once.
func (w *World) checkErasures(ctx context.Context, _ catalogue, found *findings) error {
	if !w.Options.Erase {
		return nil
	}
	var cases []caseRow
	if err := readJSON(ctx, w.StewardURL, selectCases, &cases); err != nil {
		return err
	}
	for _, row := range cases {
		w.checkStage(row, found)
		checkRemembered(row, found)
	}
	if err := w.checkTombstones(ctx, cases, found); err != nil {
		return err
	}
	if err := w.checkReplayRecords(ctx, cases, found); err != nil {
		return err
	}
	if err := w.checkCertificates(ctx, cases, found); err != nil {
		return err
	}
	return w.checkAccounts(ctx, cases, found)
}

// checkStage looks for a case that nobody waits for and that is on its way for ever, and for an account that is closed
// by none, or alive beside its tombstone.
func (w *World) checkStage(row caseRow, found *findings) {
	open := slices.Contains(w.Options.Open, "erasure "+row.ID)
	switch {
	case row.EndedAt == nil && row.Stage != caseWaiting && !open:
		found.addf("erasure", "%s is still %s", row.ID, row.Stage)
	case row.EndedAt != nil && row.Stage != caseDone && row.Stage != caseCancelled && row.Stage != caseObserved:
		found.addf("erasure", "%s has ended as %s", row.ID, row.Stage)
	}
	if !row.ofAccount() {
		return
	}
	if row.decided() && row.State != closed {
		found.addf("erasure", "the account of %s has a tombstone and is %s", row.ID, row.State)
	}
	if !row.decided() && row.EndedAt != nil && row.App == closed {
		found.addf("erasure", "%s has ended, and the app was told last that the account is closed", row.ID)
	}
}

// checkRemembered looks for what a case must not keep any more, or must keep still.
func checkRemembered(row caseRow, found *findings) {
	switch {
	case row.EndedAt != nil && row.Keys > 0:
		found.addf("erasure", "%s has ended, and its key is there", row.ID)
	case row.EndedAt != nil && row.Kept > 0:
		found.addf("erasure", "%s has ended, and %d sealed rows of it are there", row.ID, row.Kept)
	case row.EndedAt != nil && row.Records > 0:
		found.addf("erasure", "%s has ended, and its replay record is not gone", row.ID)
	case row.EndedAt == nil && row.Keys != 1:
		found.addf("erasure", "%s is open and has %d keys", row.ID, row.Keys)
	case row.EndedAt == nil && row.decided() && row.Records != 1:
		found.addf("erasure", "%s is decided and has %d replay records", row.ID, row.Records)
	}
}

// tombstoneLeaf is what the ledger says of a decision.
type tombstoneLeaf struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Body struct {
		Erasure string `json:"erasure"`
	} `json:"body"`
}

// checkTombstones compares cases, tombstones and the mirror: one for each case that is decided, none for any other.
func (w *World) checkTombstones(ctx context.Context, cases []caseRow, found *findings) error {
	entries, err := w.readTombstones(ctx)
	if err != nil {
		return err
	}
	for _, row := range cases {
		in := entries[row.ID]
		delete(entries, row.ID)
		switch {
		case !row.decided() && (row.Tombstones > 0 || len(in) > 0):
			found.addf("erasure", "%s is %s and has %d tombstones, %d in the ledger", row.ID, row.Stage, row.Tombstones, len(in))
		case !row.decided():
		case row.Tombstones != 1 || len(in) != 1 || in[0] != row.Tombstone:
			found.addf("erasure", "%s has %d tombstones, and the ledger %d of it", row.ID, row.Tombstones, len(in))
		case row.Stage != caseTombstoned && row.Sealed != 1:
			found.addf("erasure", "%s is %s, and its tombstone is not sealed", row.ID, row.Stage)
		}
	}
	for id := range entries {
		found.addf("erasure", "the ledger has a tombstone of %s, which is no case", id)
	}
	return w.checkClosed(ctx, cases, found)
}

// readTombstones gives the ids of the mirror's entries about tombstones, by erasure.
func (w *World) readTombstones(ctx context.Context) (map[string][]string, error) {
	leaves, err := w.readSegments(ctx, &findings{}) // what is wrong with segments is the ledger's check
	entries := map[string][]string{}
	for _, text := range leaves {
		var entry tombstoneLeaf
		if json.Unmarshal(text, &entry) == nil && entry.Kind == "erasure.tombstone" {
			entries[entry.Body.Erasure] = append(entries[entry.Body.Erasure], entry.ID)
		}
	}
	return entries, err
}

// checkClosed looks for an account that is closed without a tombstone, or left in its closing.
func (w *World) checkClosed(ctx context.Context, cases []caseRow, found *findings) error {
	lines, err := Rows(ctx, w.StewardURL, `select id || ' ' || state from accounts where state <> 'alive' order by id`)
	if err != nil {
		return err
	}
	for _, line := range lines {
		id, state, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(cases, func(row caseRow) bool {
			return row.Account == id && row.ofAccount() && (row.decided() || state != closed && row.EndedAt == nil)
		}) {
			found.addf("erasure", "the account %s is %s without a tombstone", id, state)
		}
	}
	return nil
}

// checkReplayRecords compares the bucket of replay records with the cases: one for each that is decided and not over.
func (w *World) checkReplayRecords(ctx context.Context, cases []caseRow, found *findings) error {
	listed, err := w.list(ctx, w.Rules.Storage.Replay, &storage.Query{Versions: true})
	if err != nil {
		return err
	}
	there := map[string]int{}
	for _, one := range listed {
		there[one.Name]++
	}
	for _, row := range cases {
		name := "erasures/" + row.ID + "/replay"
		count := there[name]
		delete(there, name)
		if row.EndedAt != nil && count > 0 || row.EndedAt == nil && row.decided() && count != 1 {
			found.addf("erasure", "%s is %s and has %d replay records in the bucket", row.ID, row.Stage, count)
		}
	}
	for name := range there {
		found.addf("erasure", "the object %s is of no case", name)
	}
	return nil
}

// checkAccounts looks for what is left of erased accounts, in a whole dump of the app and in its bucket, and whether all
// that is others' is as it was.
func (w *World) checkAccounts(ctx context.Context, cases []caseRow, found *findings) error {
	dump, err := w.DumpApp(ctx, w.AppURL)
	if err != nil {
		return err
	}
	listed, err := w.list(ctx, w.Rules.Promises.Backups.Files[0].Bucket, &storage.Query{Versions: true})
	if err != nil {
		return err
	}
	objects := map[string]int{}
	for _, one := range listed {
		objects[one.Name]++
	}
	for _, account := range w.accounts {
		erased, between := fate(cases, account.ID)
		switch {
		case erased:
			checkGone(account, dump, objects, found)
		case between:
		default:
			if err := w.checkUntouched(ctx, account, objects, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkGone looks for what is left of an erased account.
func checkGone(account Account, dump map[string][]byte, objects map[string]int, found *findings) {
	for _, hit := range hidden.Search(dump, account.Canaries) {
		found.addf("erasure", "account %s is erased: %s", account.ID, hit)
	}
	if objects[account.Object] > 0 {
		found.addf("erasure", "account %s is erased, and its object is in the bucket", account.ID)
	}
	if objects[account.Nameless] > 0 {
		found.addf("erasure", "account %s is erased, and below its prefix lies an object", account.ID)
	}
}

// fate says whether an account is erased, or a case is at work on it.
func fate(cases []caseRow, account string) (erased, between bool) {
	for _, row := range cases {
		if row.Account != account || !row.ofAccount() {
			continue
		}
		erased = erased || row.erased()
		between = between || row.decided() || row.EndedAt == nil && row.App == closed
	}
	return erased, between
}

// checkUntouched compares the rows and the objects of an account with what they were.
func (w *World) checkUntouched(ctx context.Context, account Account, objects map[string]int, found *findings) error {
	rows, err := w.RowsOf(ctx, account.ID)
	if err != nil {
		return err
	}
	if rows != account.rows {
		found.addf("erasure", "rows of the account %s have changed: %s, and they were %s", account.ID, rows, account.rows)
	}
	if n := objects[account.Nameless]; n != 1 {
		found.addf("erasure", "the account %s has %d objects that no row names", account.ID, n)
	}
	if n := objects[account.Object]; n != 1 {
		found.addf("erasure", "the account %s has %d objects", account.ID, n)
		return nil
	}
	content, err := w.object(ctx, w.Rules.Promises.Backups.Files[0].Bucket, account.Object, 0)
	if err != nil {
		return err
	}
	if string(content) != account.Content {
		found.addf("erasure", "the object of the account %s has changed", account.ID)
	}
	return nil
}

// DumpedApp is by what name DumpApp gives the dump itself.
const DumpedApp = "the dump of the app"

// DumpApp gives all that the app's database says, or one that was restored from it, with the samples of its statistics. The
// URL's login must be a superuser.
func (w *World) DumpApp(ctx context.Context, at string) (map[string][]byte, error) {
	dump, err := w.pgDump(ctx, at)
	if err != nil {
		return nil, err
	}
	statistics, err := Rows(ctx, at, `select to_jsonb(s)::text from pg_stats as s where schemaname = 'club'`)
	if err != nil {
		return nil, err
	}
	if len(dump) == 0 {
		return nil, fmt.Errorf("dumping the app: %w", errEmpty)
	}
	return map[string][]byte{DumpedApp: dump, "the statistics of the app": []byte(strings.Join(statistics, "\n"))}, nil
}
