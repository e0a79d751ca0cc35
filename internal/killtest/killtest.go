// Package killtest lets a test start its own program once more as a child that does some
// work, and kills it by SIGKILL in place of its nth outside call. What the child needs
// goes over in variables of its environment.
package killtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// The variables of a child.
const (
	urlVariable    = "KILLTEST_DATABASE"
	masterVariable = "KILLTEST_MASTER"
	serverVariable = "KILLTEST_SERVER"
	atVariable     = "KILLTEST_AT"
	killVariable   = "KILLTEST_KILL_AT"
)

const (
	// patience bounds a child that nobody kills.
	patience = time.Minute
	// failed is the exit code of a child whose work failed, or that could not begin.
	failed = 3
)

// Place is all that a child is given.
type Place struct {
	// URL leads to the steward database; Master is the text of the master key.
	URL, Master string
	// Server is another service of the test; it may be empty.
	Server string
	// At is what the child's clock shows.
	At time.Time
}

// Child is a Place as the child finds it.
type Child struct {
	DB     *postgres.DB
	Keeper casekey.Keeper
	Server string
	At     time.Time
}

// Is reports whether this process is such a child: TestMain asks before anything else.
func Is() bool { return os.Getenv(urlVariable) != "" }

// Work is what the child does; it gives the exit code. The context of the work ends the
// process in place of the call that was asked for.
func Work(work func(context.Context, Child) error) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	made, killAt, err := read(ctx)
	if err != nil {
		return failed
	}
	defer made.DB.Close()

	if err := work(faults.With(ctx, &faults.Counter{N: killAt, Mode: faults.Kill}), made); err != nil {
		return failed
	}

	return 0
}

// read opens what the variables say.
func read(ctx context.Context) (made Child, killAt int, err error) {
	master, err := casekey.ParseMaster([]byte(os.Getenv(masterVariable)))
	if err != nil {
		return made, 0, err
	}

	if made.At, err = time.Parse(time.RFC3339, os.Getenv(atVariable)); err != nil {
		return made, 0, err
	}

	if killAt, err = strconv.Atoi(os.Getenv(killVariable)); err != nil {
		return made, 0, err
	}

	made.Keeper, made.Server = casekey.Keeper{Master: master}, os.Getenv(serverVariable)
	made.DB, err = postgres.Open(ctx, os.Getenv(urlVariable))

	return made, killAt, err
}

// Run starts a child that is killed in place of its nth outside call, of none with 0,
// waits for its end, and tells whether it was killed. A child that ends otherwise fails
// the test.
func Run(t *testing.T, place Place, n int) (killed bool) {
	t.Helper()

	name := ids.New("kll")
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), urlVariable+"="+place.URL, masterVariable+"="+place.Master, serverVariable+"="+place.Server,
		atVariable+"="+place.At.Format(time.RFC3339), killVariable+"="+strconv.Itoa(n), "PGAPPNAME="+name)

	err := command.Run()
	if err == nil {
		return false
	}

	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}

	status, ok := ended.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("a child ended otherwise: %v", err)
	}

	forgotten(t, place.URL, name)

	return true
}

// forgotten waits until the server has noticed that a child is gone: until then it holds the locks of its transaction, and
// whoever goes on passes by the rows.
func forgotten(t *testing.T, url, name string) {
	t.Helper()

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for there := true; there; {
		if err := db.QueryRow(t.Context(), "select exists (select from pg_stat_activity where application_name = $1)", name).Scan(&there); err != nil {
			t.Fatal(err)
		}
	}
}
