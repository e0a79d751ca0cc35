package pgtest_test

import (
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/pgtest"
)

func exec(t *testing.T, cluster *pgtest.Cluster, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	return err
}

func stopped(t *testing.T, cluster *pgtest.Cluster) {
	t.Helper()
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatWasCommittedOutlivesACrash(t *testing.T) {
	t.Parallel()
	cluster, err := pgtest.Start(t.Context(), "postgres")
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, cluster)
	if err := exec(t, cluster, "create table kept as select 1 as a"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := exec(t, cluster, "select 1"); err == nil {
		t.Error("it answers after its crash")
	}
	if err := cluster.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := exec(t, cluster, "insert into kept values (2)"); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsFullUntilItIsFreed(t *testing.T) {
	t.Parallel()
	disk, err := pgtest.NewDisk(t.Context())
	if errors.Is(err, pgtest.ErrNoDisk) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := pgtest.StartOn(t.Context(), "postgres", disk)
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, cluster)
	const big = "create table big as select repeat('x', 1000) as a from generate_series(1, 5000)"
	if err := disk.Fill(); err != nil {
		t.Fatal(err)
	}
	var refused *pgconn.PgError
	if err := exec(t, cluster, big); !errors.As(err, &refused) || refused.Code != "53100" {
		t.Errorf("on a full disk: %v", err)
	}
	if err := disk.Free(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := exec(t, cluster, big); err != nil {
		t.Error("after it was freed: ", err)
	}
}

func TestADiskThatWasTakenAwayLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	disk, err := pgtest.NewDisk(t.Context())
	if errors.Is(err, pgtest.ErrNoDisk) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
