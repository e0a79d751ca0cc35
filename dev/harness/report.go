package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
)

// reportTimeout bounds the gathering; a report that is cut short is better than
// none.
const reportTimeout = 30 * time.Second

// Report keeps everything that explains a failure, and prints where it is and how
// to repeat the run.
func (w *World) Report(t testing.TB) {
	t.Helper()
	name := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())
	dir := filepath.Join(clone(), ".dev", "report", name+"-"+time.Now().UTC().Format("150405.000"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Log("keeping the report: ", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), reportTimeout)
	defer cancel()
	for file, content := range w.evidence(ctx) {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Log("keeping the report: ", err)
		}
	}
	t.Logf("report: %s", dir)
	top, _, _ := strings.Cut(t.Name(), "/")
	t.Logf("repeat: make replay SEED=%s TEST=%s", w.Seed, top)
}

// evidence is what a report holds, by file name. What cannot be read is said in
// place of its content.
func (w *World) evidence(ctx context.Context) map[string][]byte {
	files := map[string][]byte{}
	keep := func(file string, content []byte, err error) {
		if err != nil {
			content = []byte("not readable: " + err.Error())
		}
		files[file] = content
	}
	for file, sql := range map[string]string{
		"files.txt":     `select row_to_json(b)::text from file_backups as b order by fileset, day`,
		"contents.txt":  `select row_to_json(c)::text from file_contents as c order by id`,
		"catalogue.txt": `select row_to_json(b)::text from backups as b order by database, day`,
		"objects.txt":   `select row_to_json(o)::text from backup_objects as o order by name`,
		"mail.txt":      `select (to_jsonb(m) - 'recipient' - 'content')::text from mail as m order by queued_at, id`,
		"webhooks.txt":  `select row_to_json(d)::text from webhook_deliveries as d order by created_at, id`,
		"erasures.txt":  `select row_to_json(e)::text from erasures as e order by opened_at, id`,
		"stores.txt":    `select row_to_json(s)::text from erasure_stores as s order by erasure, store`,
		"left.txt":      `select row_to_json(r)::text from erasure_remainders as r order by erasure, store, place`,
		"ledger.txt":    `select row_to_json(e)::text from ledger.entries as e order by serial`,
	} {
		rows, err := Rows(ctx, w.StewardURL, sql)
		keep(file, []byte(strings.Join(rows, "\n")), err)
	}
	for _, bucket := range w.buckets() {
		listed, err := w.list(ctx, bucket, &storage.Query{Versions: true})
		var text strings.Builder
		for _, one := range listed {
			fmt.Fprintf(&text, "%s#%d %d bytes %s\n", one.Name, one.Generation, one.Size, one.Created.Format(time.RFC3339Nano))
		}
		keep("bucket-"+bucket+".txt", []byte(text.String()), err)
	}
	for roles, worker := range w.Workers {
		log, err := worker.Log()
		keep("worker-"+strings.ReplaceAll(roles, ",", "-")+".log", log, err)
	}
	histories, err := w.Histories(ctx)
	keep("histories.txt", []byte(strconv.Itoa(len(histories))), err)
	for id, history := range histories {
		keep("history-"+strings.ReplaceAll(id, "/", "-")+".json", history, nil)
	}
	calls, err := json.MarshalIndent(w.Gate.Calls(), "", " ")
	keep("calls.json", calls, err)
	requests, err := json.MarshalIndent(w.Storage.Requests(), "", " ")
	keep("requests.json", requests, err)
	return files
}
