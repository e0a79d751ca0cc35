package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// upsertScript is the yardstick of signs of life: what the API writes, one row at a time.
func upsertScript() string {
	return `\set id random(1, ` + strconv.Itoa(known) + `)
insert into accounts as a (id, registered_at, last_interaction_at, signs) values (:id, clock_timestamp(), now(), 1)
on conflict (id) do update set last_interaction_at = excluded.last_interaction_at, signs = a.signs + 1,
	state = 'alive', closing_case = '', closing_at = null
where a.state <> 'closed' and (a.last_interaction_at is null or a.last_interaction_at < excluded.last_interaction_at);
`
}

var tps = regexp.MustCompile(`tps = ([0-9.]+) \(without initial`)

// logged is the part of its transactions of which pgbench logs how long each took: enough for a percentile, and too
// little to slow it down.
const logged = "0.1"

// pgbench runs PostgreSQL's own bench with as many clients.
func (w *world) pgbench(ctx context.Context, o options) (l load, err error) {
	dir, err := os.MkdirTemp(w.dir, "pgbench-")
	if err != nil {
		return l, fmt.Errorf("making its folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	script, logs := filepath.Join(dir, "upsert.sql"), filepath.Join(dir, "log")
	if err := os.WriteFile(script, []byte(upsertScript()), 0o600); err != nil {
		return l, fmt.Errorf("writing its script: %w", err)
	}
	bench := exec.CommandContext(ctx, filepath.Join(w.bin, "pgbench"),
		"-n", "-M", "prepared", "-c", strconv.Itoa(o.clients), "-j", strconv.Itoa(min(o.clients, 2)),
		"-T", strconv.Itoa(int(o.time.Seconds())), "--log", "--log-prefix="+logs, "--sampling-rate="+logged,
		"-f", script, "-h", "127.0.0.1", "-p", strconv.Itoa(w.cluster.Port()), "-U", "postgres", "postgres")
	var errOut bytes.Buffer
	bench.Stderr = &errOut
	out, err := bench.Output()
	if err != nil {
		return l, fmt.Errorf("%w: %s", err, errOut.String())
	}
	found := tps.FindSubmatch(out)
	if found == nil {
		return l, fmt.Errorf("it said nothing of its pace: %s", out)
	}
	if l.PerSecond, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		return l, fmt.Errorf("reading its pace: %w", err)
	}
	took, err := latencies(logs)
	l.P50MS, l.P99MS = percentile(took, 50), percentile(took, 99) //nolint:mnd // as named
	return l, err
}

// latencies reads how long the transactions took that pgbench logged, one file for each of its threads: a line holds the
// client, the number of its transaction and the microseconds that it took, and more.
func latencies(prefix string) ([]time.Duration, error) {
	files, err := filepath.Glob(prefix + ".*")
	if err != nil {
		return nil, fmt.Errorf("looking for its logs: %w", err)
	}
	var took []time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading its log: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			const micros = 2
			fields := strings.Fields(line)
			if len(fields) <= micros {
				return nil, fmt.Errorf("its log has another form: %q", line)
			}
			each, err := strconv.ParseInt(fields[micros], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("reading its log: %w", err)
			}
			took = append(took, time.Duration(each)*time.Microsecond)
		}
	}
	return took, nil
}
