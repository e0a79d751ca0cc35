package cluster_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/dev/internal/account"
	"steward/dev/internal/cluster"
	"steward/dev/internal/cluster/clustertest"
)

// exec runs one statement as the superuser and gives its single text, if any.
func exec(t *testing.T, c cluster.Cluster, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		if text, is := values[0].(string); is {
			out = append(out, text)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, ",")
}

func TestSettingsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	running := clustertest.Start(t)
	want := map[string]string{
		"fsync": "on", "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
		"server_encoding": "UTF8", "TimeZone": "UTC", "password_encryption": "scram-sha-256",
		"log_error_verbosity": "terse",
	}
	for name, value := range want {
		if got := exec(t, running.Cluster, fmt.Sprintf("select current_setting('%s')", name)); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	wrong := running.Cluster
	wrong.Password = "wrong"
	if err := wrong.Ask(t.Context()); err == nil {
		t.Error("a wrong password was let in")
	}
}

// TestKilledPostmaster shows that a cluster comes back with its data after SIGKILL,
// and after its pid file names a stranger.
func TestKilledPostmaster(t *testing.T) {
	t.Parallel()
	description := clustertest.New(t)
	running, err := description.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, description, "create table kept as select 'still here'::text as word")
	if err := syscall.Kill(running.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(description.Data, "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatalf("a killed postmaster leaves its pid file: %v", err)
	}
	// As after a reboot: the pid belongs to somebody else now (to this test).
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := description.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if got := exec(t, description, "select word from kept"); got != "still here" {
		t.Errorf("after the crash: %q", got)
	}
	if err := description.Recover(t.Context()); !errors.Is(err, cluster.ErrHeld) {
		t.Errorf("recovering a running cluster: got %v, want ErrHeld", err)
	}
}

func TestHalfMadeClusterIsMadeAgain(t *testing.T) {
	t.Parallel()
	description := clustertest.New(t)
	if err := os.MkdirAll(description.Data+".unfinished/base", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := description.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if made, err := description.Exists(); err != nil || !made {
		t.Fatalf("made=%v err=%v", made, err)
	}
	if _, err := os.Stat(description.Data + ".unfinished"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished directory stays: %v", err)
	}
}

func TestPlaceMovesOutOfAClosedHome(t *testing.T) {
	t.Parallel()
	who, err := account.ForPostgres()
	if err != nil || who.Name == "" {
		t.Skip("only root needs another account")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	tag := "test-" + strconv.Itoa(os.Getpid())
	got, err := cluster.Place(filepath.Join(closed, "pg"), tag, who)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Remove(got); err != nil {
			t.Error(err)
		}
	}()
	if got != "/var/lib/steward-"+tag {
		t.Fatalf("placed in %s", got)
	}
	if _, err := os.Stat(filepath.Join(closed, "pg")); !errors.Is(err, os.ErrNotExist) {
		t.Error("left an empty directory in the closed place")
	}
}

func TestPlaceRefusesAPlantedLink(t *testing.T) {
	t.Parallel()
	who, err := account.ForPostgres()
	if err != nil || who.Name == "" {
		t.Skip("only root needs another account")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	tag := "planted-" + strconv.Itoa(os.Getpid())
	link := "/var/lib/steward-" + tag
	if err := os.Symlink(closed, link); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Remove(link); err != nil {
			t.Error(err)
		}
	}()
	if _, err := cluster.Place(filepath.Join(closed, "pg"), tag, who); !errors.Is(err, cluster.ErrPlace) {
		t.Errorf("got %v, want ErrPlace", err)
	}
}
