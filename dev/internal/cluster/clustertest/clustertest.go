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
func New(tb testing.TB) cluster.Cluster {
	tb.Helper()
	bin, err := cluster.Find(tb.Context(), clone())
	if err != nil {
		tb.Fatal(err)
	}
	who, err := account.ForPostgres()
	if err != nil {
		tb.Fatal(err)
	}
	port, err := ports.Free(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return cluster.Cluster{
		Name: "test", Data: filepath.Join(place(tb, who), "data"), Port: port,
		Bin: bin, Account: who, Password: "only-for-this-test",
	}
}

// Start runs a new cluster until the test ends.
func Start(tb testing.TB) *cluster.Running {
	tb.Helper()
	running, err := New(tb).Start(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := running.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return running
}

// place makes the directory.
func place(tb testing.TB, who account.Account) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "steward-cluster-") //nolint:usetesting // t.TempDir is 0700 of ours, so not for another account
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if err := who.Own(dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// clone is the root of the clone that this file was compiled from.
func clone() string {
	const up = "../../../.."
	_, file, _, known := runtime.Caller(0)
	if !known {
		return up
	}
	return filepath.Join(filepath.Dir(file), up)
}
