// Package clustertest gives tests a private PostgreSQL cluster that is gone when
// the test ends.
package clustertest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"steward/dev/internal/account"
	"steward/dev/internal/cluster"
	"steward/dev/internal/ports"
)

// New describes a cluster in a directory of the test's own that the Postgres
// account can reach; nothing runs yet.
func New(t testing.TB) cluster.Cluster {
	t.Helper()
	bin, err := cluster.Find(t.Context(), clone())
	if err != nil {
		t.Fatal(err)
	}
	who, err := account.ForPostgres()
	if err != nil {
		t.Fatal(err)
	}
	port, err := ports.Free(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Cluster{
		Name: "test", Data: filepath.Join(place(t, who), "data"), Port: port,
		Bin: bin, Account: who, Password: "only-for-this-test",
	}
}

// Start runs a new cluster until the test ends.
func Start(t testing.TB) *cluster.Running {
	t.Helper()
	running, err := New(t).Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	return running
}

// place makes the directory; t.TempDir is 0700 of ours, so not for another account.
func place(t testing.TB, who account.Account) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "steward-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := who.Own(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// clone is the root of the clone that this file was compiled from.
func clone() string {
	_, file, _, _ := runtime.Caller(0)
	const up = "../../../.."
	return filepath.Join(filepath.Dir(file), up)
}
