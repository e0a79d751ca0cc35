package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/protobuf/proto"

	"steward/dev/internal/hidden"
	"steward/internal/emulator/gcs"
)

// checkLeaks looks for plaintext and for canaries in everything that is written
// down: bucket, histories, logs, metrics, ledger, catalogue, the storage
// service's own request log.
func (w *World) checkLeaks(ctx context.Context, _ catalogue, found *findings) error {
	// A closed history does not change: it is searched once.
	sinks, err := w.sinks(ctx, &w.searched)
	if err != nil {
		return err
	}
	// How pg_dump's archives and scripts begin, and rows of the small app.
	needles := append([]string{"PGDMP", "PostgreSQL database cluster dump", "person 17"}, w.Options.Canaries...)
	if w.Options.Erase {
		needles = append(needles, Canary)
	}
	for _, hit := range hidden.Search(sinks, needles) {
		found.addf("canary", "%s", hit)
	}
	return nil
}

// Sinks reads everything in which personal data must never be, by the name of the
// place. Payloads of histories are there as they are and decoded.
func (w *World) Sinks(ctx context.Context) (map[string][]byte, error) {
	return w.sinks(ctx, &searched{})
}

// sinks leaves out the histories that were searched before.
func (w *World) sinks(ctx context.Context, before *searched) (map[string][]byte, error) {
	sinks := map[string][]byte{}
	for _, bucket := range w.buckets() {
		listed, err := w.list(ctx, bucket, &storage.Query{Versions: true})
		if err != nil {
			return nil, err
		}
		for _, attrs := range listed {
			content, err := w.generation(ctx, bucket, attrs.Name, attrs.Generation)
			if err != nil {
				return nil, err
			}
			sinks["object "+bucket+"/"+attrs.Name] = fmt.Appendf(bytes.Clone(content), "\n%s %v", attrs.Name, attrs.Metadata)
		}
	}
	if err := w.databaseSinks(ctx, sinks); err != nil {
		return nil, err
	}
	if err := w.historySinks(ctx, sinks, before); err != nil {
		return nil, err
	}
	for roles, worker := range w.Workers {
		log, err := worker.Log()
		if err != nil {
			return nil, err
		}
		sinks["log of "+roles] = log
		sinks["metrics of "+roles] = w.Metrics(ctx, roles)
	}
	if w.Hooks != nil {
		// Where they went is the app's own affair.
		for _, call := range w.Hooks.Calls() {
			sinks["calls of webhooks"] = fmt.Appendf(sinks["calls of webhooks"], "%v\n%s\n", call.Header, call.Body)
		}
	}
	// What is asked of the app's own bucket names the app's files; nobody else is asked so.
	app := w.Rules.Promises.Backups.Files[0].Bucket
	own := slices.DeleteFunc(w.Storage.Requests(), func(request gcs.Request) bool {
		return request.Bucket == app || slices.Contains(w.Restored, request.Bucket)
	})
	requests, err := json.Marshal(own)
	if err != nil {
		return nil, fmt.Errorf("reading the request log: %w", err)
	}
	sinks["requests to the bucket"] = requests
	return sinks, nil
}

// databaseSinks reads every row of every table of the steward database.
func (w *World) databaseSinks(ctx context.Context, sinks map[string][]byte) error {
	tables, err := Rows(ctx, w.StewardURL, `select format('%I.%I', schemaname, tablename) from pg_tables
		where schemaname not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		rows, err := Rows(ctx, w.StewardURL, `select to_jsonb(t)::text from `+table+` as t`)
		if err != nil {
			return err
		}
		sinks["table "+table] = []byte(strings.Join(rows, "\n"))
	}
	return nil
}

// historySinks reads every event of every run. The binary form holds payloads
// and failures as they are.
func (w *World) historySinks(ctx context.Context, sinks map[string][]byte, before *searched) error {
	executions, err := w.executions(ctx, before.query())
	if err != nil {
		return err
	}
	for _, one := range executions {
		id, run := one.GetExecution().GetWorkflowId(), one.GetExecution().GetRunId()
		if before.done[run] {
			continue
		}
		history, err := w.History(ctx, id, run)
		if err != nil {
			return err
		}
		for _, message := range []proto.Message{history, one} {
			raw, err := proto.Marshal(message)
			if err != nil {
				return fmt.Errorf("reading a history: %w", err)
			}
			sinks["history "+id+"/"+run] = append(sinks["history "+id+"/"+run], raw...)
		}
		before.add(one)
	}
	return nil
}

// metricsTimeout bounds one look at a worker's metrics.
const metricsTimeout = 10 * time.Second

// Metrics reads what a worker serves at /metrics; nothing if it serves none.
func (w *World) Metrics(ctx context.Context, roles string) []byte {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.metrics[roles]+"/metrics", http.NoBody)
	if err != nil {
		return nil
	}
	response, err := (&http.Client{Timeout: metricsTimeout}).Do(request)
	if err != nil {
		return nil // a role may serve no metrics
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	return text
}
