package activities_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/activities"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/policy"
	"steward/internal/report"
)

// counted are schedules that answer, each with its own name.
type counted struct{ err error }

func (c counted) Read(_ context.Context, id string) (report.Schedule, error) {
	return report.Schedule{ID: id, State: report.ScheduleActive, Runs: 7}, c.err
}

// reportWorld is an audit's world, seen by who signs the evidence, with the rights
// of the core role. Backups of the 20th to the 22nd of November stand in it.
type reportWorld struct {
	*auditWorld
	*activities.Reports

	key note.Verifier
}

func newReportWorld(t *testing.T) *reportWorld {
	t.Helper()

	w := &reportWorld{auditWorld: newAuditWorld(t, "working_minimal.yaml")}
	w.key = w.LedgerKey
	w.Reports = &activities.Reports{
		Steward: w.Audits.Steward, Signer: w.signer, Key: w.key, Policy: w.Audits.Policy, Schedules: counted{}, Clock: w.clock,
	}
	w.run(t, "update installation set installed_at = $1", noon().Add(-60*time.Hour))

	for _, database := range []string{"app", "steward"} {
		for _, day := range []string{"2026-11-20", "2026-11-21", "2026-11-22"} {
			w.backup(t, database, day)
		}
	}

	w.seal(t)

	return w
}

// backup is a good one of a day, with its entries.
func (w *reportWorld) backup(t *testing.T, database, day string) {
	t.Helper()

	due, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}

	id, manifest, snapshot := ids.New("bkp"), strings.Repeat("ab", 32), due.Add(150*time.Minute+1234*time.Microsecond)
	w.run(t, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at,
			manifest_sha256, bytes, rows, drill_seconds)
		values ($1, $2, $3, 'drilled', $4, 'test', $5, $5, $5, $6, $7, $8, 4000, 30, 1.5)`,
		id, database, day, ids.New("att"), snapshot, snapshot.Add(time.Minute), snapshot.Add(2*time.Minute), manifest)

	body := ledger.BackupBody{Backup: id, Database: database, Day: day, ManifestSHA256: manifest, SnapshotAt: &snapshot}
	for at, kind := range map[time.Duration]ledger.Kind{time.Minute: ledger.BackupStored, 2 * time.Minute: ledger.BackupDrilled} {
		if _, err := ledger.Append(t.Context(), w.admin, kind, snapshot.Add(at), body); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *reportWorld) seal(t *testing.T) {
	t.Helper()

	if _, err := seal.New(w.admin, w.mirror, w.signer, w.key, clocks.Fixed(noon()), seal.Config{}).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sign makes the report of November and opens it.
func (w *reportWorld) sign(t *testing.T, params activities.ReportParams) (activities.ReportResult, report.Report) {
	t.Helper()

	result, err := w.SignEvidence(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}

	opened, err := report.Signed{Report: result.Report, Note: result.Note}.Open(w.key)
	if err != nil {
		t.Fatal(err)
	}

	return result, opened
}

func TestSignEvidence(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	result, opened := w.sign(t, activities.ReportParams{Month: "2026-11"})

	if !result.Holds || result.Databases != 2 || result.Due != 6 || result.Proven != 6 || result.Broken != 0 {
		t.Errorf("%+v", result.Holds)
	}

	if opened.Ledger.Size != 12 || opened.Ledger.Waiting != 0 || len(opened.Entries) != 12 || !opened.AsOf.Equal(noon()) || opened.Over {
		t.Errorf("%+v, %d entries", opened.Ledger, len(opened.Entries))
	}

	app := opened.Databases[0]
	if len(app.Days) != 22 || app.Days[18].State != report.NotInstalled || app.Days[21].State != report.Proven || app.Days[21].DrillMS != 1500 ||
		app.Schedule.ID != "backup/app" || app.Schedule.Runs != 7 || app.RPO.LargestSeconds != 24*3600 || app.RTO.MaxMS != 1500 {
		t.Errorf("%+v", app.Totals)
	}

	if opened.Policy.SHA256 != w.Audits.Policy.Hash() || opened.Policy.Keep != "7d" || opened.Policy.WhenBackupsStop != "keep-last-drilled" {
		t.Errorf("%+v", opened.Policy)
	}

	one, about := w.sign(t, activities.ReportParams{Month: "2026-11", Database: "steward"})
	if one.Databases != 1 || one.Due != 3 || about.Databases[0].Name != "steward" || len(about.Entries) != 6 {
		t.Errorf("%d databases, %d due", one.Databases, one.Due)
	}
}

// The policy's files are told beside its databases, with their own schedule.
func TestSignFiles(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	rules := *w.Audits.Policy
	rules.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "popkit-uploads"}}
	w.Reports.Policy = &rules

	snapshot := noon().Add(-8 * time.Hour)
	id, manifest := ids.New("fbk"), strings.Repeat("cd", 32)
	w.run(t, `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at,
			manifest_sha256, bytes, files, drill_seconds)
		values ($1, 'uploads', '2026-11-22', 'drilled', $2, 'test', $3, $3, $3, $3, $3, $4, 4000, 30, 1.5)`, id, ids.New("att"), snapshot, manifest)

	body := ledger.FilesBody{Backup: id, Files: "uploads", Day: "2026-11-22", ManifestSHA256: manifest, SnapshotAt: &snapshot, Count: 30}
	for _, kind := range []ledger.Kind{ledger.FilesStored, ledger.FilesDrilled} {
		if _, err := ledger.Append(t.Context(), w.admin, kind, snapshot, body); err != nil {
			t.Fatal(err)
		}
	}

	result, opened := w.sign(t, activities.ReportParams{Month: "2026-11"})
	if result.Databases != 3 || opened.Databases[2].Name != "files/uploads" || opened.Databases[2].Schedule.ID != "files/uploads" {
		t.Fatalf("%d items, %+v", result.Databases, opened.Databases[len(opened.Databases)-1].Schedule)
	}

	last := opened.Databases[2].Days[21]
	if last.Day != "2026-11-22" || last.State != report.Proven || last.Files != 30 || last.Bytes != 4000 || last.DrillMS != 1500 {
		t.Errorf("%+v", last)
	}

	if one, about := w.sign(t, activities.ReportParams{Month: "2026-11", Database: "files/uploads"}); one.Databases != 1 || len(about.Entries) != 2 {
		t.Errorf("%d items, %d entries", one.Databases, len(about.Entries))
	}
}

// The policy's copies are told beside its databases, with the schedule that catches up,
// by the rights of the core role.
func TestSignCopies(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	rules := *w.Audits.Policy
	rules.Promises.Backups.Copies = []policy.Copy{{Name: "far", Bucket: "popkit-far"}}
	w.Reports.Policy = &rules

	copied := noon().Add(-8 * time.Hour)
	w.run(t, `insert into backup_copies (backup_id, bucket, location, state, started_at, copied_at, manifest_gen, bytes)
		select id, 'popkit-far', 'far', 'copied', $1, $1, 5, 4000 from backups where database = 'app' and day = '2026-11-22'`, copied)
	w.run(t, `insert into ledger.entries (id, kind, at, body) select 'led_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'backup.copied', $1,
		'{"backup":"' || id || '","database":"app","day":"2026-11-22","generation":5,"location":"far","manifest_sha256":"' || manifest_sha256 || '"}'
		from backups where database = 'app' and day = '2026-11-22'`, copied)

	result, opened := w.sign(t, activities.ReportParams{Month: "2026-11"})
	if result.Databases != 4 || opened.Databases[2].Name != "copies/far/app" || opened.Databases[2].Schedule.ID != "copies/backups" ||
		opened.Databases[3].Name != "copies/far/steward" {
		t.Fatalf("%d items, %+v", result.Databases, opened.Databases[2].Schedule)
	}

	last := opened.Databases[2].Days[21]
	if last.Day != "2026-11-22" || last.State != report.Proven || !last.CopiedAt.Equal(copied) || last.CopiedEntry == "" || last.DrilledEntry == "" {
		t.Errorf("%+v", last)
	}
}

// An entry that waits is cited as such; what only the catalogue says breaks.
func TestSignWhatIsThere(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	w.clock.move(24 * time.Hour)
	w.backup(t, "app", "2026-11-23")
	w.run(t, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at, manifest_sha256)
		values ($1, 'steward', '2026-11-23', 'drilled', $2, 'test', $3, $3, $3, $3, $3, 'hash')`,
		ids.New("bkp"), ids.New("att"), noon().Add(15*time.Hour))

	result, opened := w.sign(t, activities.ReportParams{Month: "2026-11"})
	if result.Holds || opened.Ledger.Waiting != 2 || result.Proven != 7 || result.Broken == 0 {
		t.Errorf("%d proven, %d broken, %d wait", result.Proven, result.Broken, opened.Ledger.Waiting)
	}
}

// Names that are no report, however they came here.
func TestNoReport(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)

	for params, code := range map[activities.ReportParams]failure.Code{
		{}:                                       failure.ReportRefused,
		{Month: "9999-12"}:                       failure.ReportRefused,
		{Month: "9999-99"}:                       failure.ReportRefused,
		{Month: "2026-12"}:                       failure.ReportRefused,
		{Month: "2026-10"}:                       failure.ReportRefused,
		{Month: "2001-01"}:                       failure.ReportRefused,
		{Month: "../../2026-11"}:                 failure.ReportRefused,
		{Month: "2026-11'; drop table backups"}:  failure.ReportRefused,
		{Month: "2026-11", Database: "payroll"}:  failure.UnknownDatabase,
		{Month: "2026-11", Database: "../../ap"}: failure.UnknownDatabase,
	} {
		if result, err := w.SignEvidence(t.Context(), params); !failure.Is(err, code) || result.Note != "" {
			t.Errorf("%+v: %v", params, err)
		}
	}

	w.run(t, "delete from installation")

	if _, err := w.SignEvidence(t.Context(), activities.ReportParams{Month: "2026-11"}); !failure.Is(err, failure.ReportRefused) {
		t.Error(err)
	}
}

// A ledger that was tampered with is nothing to stand on.
func TestNothingIsSignedOverATamperedLedger(t *testing.T) {
	t.Parallel()

	november := activities.ReportParams{Month: "2026-11"}

	for name, sql := range map[string]string{
		"an entry says more": `update ledger.entries set body = replace(body, '"manifest', '"generation":7,"manifest') where position = 3`,
		"the root is another": `alter table ledger.head disable trigger user;
			update ledger.head set root = sha256('x')`,
		"the checkpoint is another": `alter table ledger.head disable trigger user;
			update ledger.head set checkpoint = replace(checkpoint, '2026', '2027')`,
		"a hash is missing":    "alter table ledger.hashes disable trigger user; delete from ledger.hashes where idx = 5",
		"a body is unreadable": `update ledger.entries set body = '{"backup":}' where position = 3`,
	} {
		w := newReportWorld(t)
		w.run(t, "alter table ledger.entries disable trigger user")

		for each := range strings.SplitSeq(sql, ";") {
			w.run(t, each)
		}

		result, err := w.SignEvidence(t.Context(), november)
		if code := failure.CodeOf(err); code != failure.LedgerTampered && code != failure.SignatureInvalid || result.Note != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key that is not the pinned one signs nothing.
func TestAnotherKeySignsNothing(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	w.Signer, _ = ledgertest.Keys(t)

	if result, err := w.SignEvidence(t.Context(), activities.ReportParams{Month: "2026-11"}); !failure.Is(err, failure.SignatureInvalid) || result.Note != "" {
		t.Error(err)
	}
}

// Wherever the world goes away, nothing is signed.
func TestSigningNeverGuesses(t *testing.T) {
	t.Parallel()

	w := newReportWorld(t)
	november := activities.ReportParams{Month: "2026-11"}

	for n := 1; ; n++ {
		counter := &nthCall{left: n, mode: faults.Before, kind: faults.SQL}

		result, err := w.SignEvidence(faults.With(t.Context(), counter), november)
		if counter.left > 0 {
			if err != nil || n < 8 {
				t.Errorf("after %d calls: %v", n-1, err)
			}

			break
		}

		if !failure.Is(err, failure.Unavailable) || result.Note != "" {
			t.Errorf("call %d: %v", n, err)
		}
	}

	w.Schedules = counted{err: failure.Wrap(failure.TemporalUnavailable, "reading", errors.New("no answer"))}
	if _, err := w.SignEvidence(t.Context(), november); !failure.Is(err, failure.TemporalUnavailable) {
		t.Error(err)
	}
}
