package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/erasure"
	keyfiles "steward/internal/keys"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// startAPI starts the program of the API with the login of its role, and gives its URL.
func startAPI(t *testing.T, policy, keys, steward string) string {
	t.Helper()

	program := filepath.Join(t.TempDir(), "api")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "..", "-trimpath", "-o", program, "./api")

	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}

	api := exec.CommandContext(t.Context(), program)
	api.Env = environment(os.Getenv("PATH"), "STEWARD_ENV=dev", "STEWARD_POLICY="+policy, "STEWARD_KEYS_DIR="+keys,
		"STEWARD_DATABASE_URL="+pgtest.Member(t, steward, "steward_api"), "STEWARD_API_LISTEN=127.0.0.1:0", "STEWARD_LISTEN=127.0.0.1:0",
		"STEWARD_API_DRAIN=0s")
	api.Cancel = func() error { return api.Process.Signal(os.Interrupt) }

	log, err := api.StderrPipe()
	must(t, err)
	must(t, api.Start())

	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "api ready" {
			done := make(chan struct{})

			go func() {
				defer close(done)

				for lines.Scan() { // it is read so that the program never waits for it
				}
			}()

			t.Cleanup(func() {
				<-done
				_ = api.Wait() // it was interrupted
			})

			return "http://" + line.Address
		}
	}

	t.Fatal("the API did not come up:", api.Wait())

	return ""
}

// erasing are the commands of scripts about erasures.
func erasing(t *testing.T, steward, app *postgres.DB, keys string) map[string]func(*testscript.TestScript, bool, []string) {
	t.Helper()

	master, err := casekey.ReadMaster(keys)
	must(t, err)

	clock, all := clocks.System(), commands()
	eraser := erasure.Eraser{Steward: steward, Keeper: casekey.Keeper{Master: master}, Clock: clock}
	judge := erasure.Judge{Steward: steward, Clock: clock, Keep: erasure.Record, Mode: promise.Enforce}

	// id NAME keeps the first id of what was just printed in a variable.
	all["id"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Setenv(args[0], regexp.MustCompile(`(era|hld)_[a-z2-7]{26}`).FindString(ts.ReadFile("stdout")))
	}

	// planned ID has a case planned, over no store at all, as its workflow has it.
	all["planned"] = func(ts *testscript.TestScript, _ bool, args []string) {
		for _, step := range []func(context.Context, string) (erasure.Seen, error){judge.Decide, eraser.Plan, judge.Decide} {
			_, err := step(t.Context(), args[0])
			ts.Check(err)
		}
	}

	// dumped FILE writes all that is in both databases into a file; the dump's own marks differ each time.
	all["dumped"] = func(ts *testscript.TestScript, _ bool, args []string) {
		bin, err := pgtest.Bin()
		ts.Check(err)

		var dump strings.Builder

		for _, db := range []*postgres.DB{steward, app} {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "pg_dump"), "--inserts", db.Pool().Config().ConnString()).Output()
			ts.Check(err)

			dump.WriteString(regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAllString(string(out), ""))
		}

		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(dump.String()), 0o600))
	}

	return all
}

// TestErase runs the commands about erasures and holds with the API and a database.
func TestErase(t *testing.T) {
	t.Parallel()

	folder, at, data := t.TempDir(), pgtest.Steward(t), pgtest.Database(t)
	policy := filepath.Join(folder, "policy.yaml")

	text, err := os.ReadFile("../internal/policy/testdata/working_erasure.yaml")
	must(t, err)
	must(t, os.WriteFile(policy, text, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "datamap.yaml"), []byte(noteMap), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, casekey.MasterFile), []byte(casekey.GenerateMaster()+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, keyfiles.AccountLookup), []byte(strings.Repeat("7f", 32)+"\n"), 0o600))

	steward, app := opened(t, at), opened(t, data)
	run(t, app, `create table accounts (id bigint primary key)`)
	run(t, app, `create table notes (account bigint references accounts, text text)`)
	run(t, app, `insert into accounts values (4711)`)
	run(t, app, `insert into notes select 4711, 'canary' from generate_series(1, 7)`)

	must(t, steward.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := account.Register(ctx, tx, "4711", time.Time{}, time.Now())

		return err
	}))

	made := credentialtest.New(t, steward, time.Now())
	_, support := made.Staff(t, access.Support)
	_, lead := made.Staff(t, access.Lead)
	url, bin, server := startAPI(t, policy, folder, at), command(t), gcstest.Start(t, clocks.System())

	testscript.Run(t, testscript.Params{
		Dir: "testdata/erase", Cmds: erasing(t, steward, app, folder),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY="+policy, "STEWARD_API_URL="+url, "STEWARD="+at,
				"APP="+data, "STORAGE_EMULATOR_HOST="+server.URL(), "STEWARD_GCP_PROJECT=test", "SUPPORT="+support, "LEAD="+lead,
				"UNTIL="+time.Now().AddDate(1, 0, 0).Format(time.DateOnly))...)

			return nil
		},
	})
}
