package environment

import (
	"context"
	"fmt"
	"os"
	"strings"

	"steward/dev/internal/cluster"
)

// table is what up prints in the end: where things are, what happens next, what to try.
func (e *Environment) table(ctx context.Context, only Only) error {
	e.out.Linef("")
	e.out.Linef("%-24s %s", "Temporal Web UI", "http://"+e.address(partUI)+"/namespaces/"+namespace+"/workflows")
	e.out.Linef("%-24s %s", "API and its docs", e.apiURL()+"/docs")
	e.out.Linef("%-24s %s", "Temporal", e.address(partTemporal))
	e.out.Linef("%-24s %s", "Postgres (app, steward)", e.address(partPostgres))
	e.out.Linef("%-24s %s", "Postgres for drills", e.address(partDrill))
	e.out.Linef("%-24s %s", "Cloud Storage (stand-in)", "http://"+e.address(partGCS))
	e.out.Linef("%-24s %s", "Mails that were sent", "http://"+e.address(partMailPage))
	e.out.Linef("%-24s %s", "state and logs", e.dir.Path())
	if only.has(groupSetup) {
		// At risk or broken is news for the table, not a failed up: exit codes of
		// `steward promises` belong to whoever runs it.
		out, err := e.steward(ctx, "promises")
		if text := strings.TrimSpace(out); text != "" {
			e.out.Linef("\n%s", text)
		} else if err != nil {
			e.out.Linef("\n%v", err)
		}
	}
	e.out.Linef("\nTry:\n" +
		"  bin/steward backup list        today's backups of databases and files, restored and compared\n" +
		"  bin/steward promises           what is kept, what is next\n" +
		"  bin/steward ledger verify      the evidence, in both copies\n" +
		"  eval \"$(make -s env)\"          addresses and credentials for your shell\n" +
		"  make down                      stop; make up goes on where it was")
	return nil
}

// Env prints the export lines that up wrote, or an error before the first up.
func (e *Environment) Env() (string, error) {
	text, err := os.ReadFile(e.envFile())
	if err != nil {
		return "", fmt.Errorf("not started yet, run make up: %w", err)
	}
	return string(text), nil
}

// Status prints what runs and where. It returns true when all parts run.
func (e *Environment) Status() (bool, error) {
	records, err := e.launcher.Table.All()
	if err != nil {
		return false, fmt.Errorf("looking for what runs: %w", err)
	}
	all := true
	names := []string{partPostgres, partDrill, partTemporal, partGCS, partMail}
	for _, one := range workers() {
		names = append(names, one.name)
	}
	names = append(names, partAPI)
	for _, name := range names {
		record, found := records[name]
		switch {
		case found && record.Running():
			e.out.Linef("%-15s runs     %-21s pid %-8d %s", name, e.address(name), record.Child.PID, e.launcher.LogPath(name))
		case found:
			e.out.Linef("%-15s is dead  %-21s %-12s %s", name, e.address(name), "", e.launcher.LogPath(name))
		default:
			e.out.Linef("%-15s is down", name)
		}
		all = all && found && record.Running()
	}
	if all {
		e.out.Linef("%-15s http://%s", "Web UI", e.address(partUI))
	}
	return all, nil
}

// Promises prints the next runs, as far as they can be read.
func (e *Environment) Promises(ctx context.Context) error {
	bin, err := cluster.Find(ctx, e.dir.Clone())
	if err != nil {
		return fmt.Errorf("finding PostgreSQL: %w", err)
	}
	e.bin = bin
	out, err := e.steward(ctx, "promises")
	if text := strings.TrimSpace(out); text != "" {
		e.out.Linef("\n%s", text)
		return nil
	}
	return err
}
