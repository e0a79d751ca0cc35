package harness

import (
	"context"
	"errors"
	"testing"

	"steward/internal/pgtest"
)

// ownClusters starts the clusters that belong to this world alone.
func (w *World) ownClusters(t testing.TB) {
	t.Helper()
	w.Main, w.MainDisk = ownCluster(t, mainAdmin)
	w.Drill, w.DrillDisk = ownCluster(t, drillAdmin)
	if err := makeRoles(t.Context(), w.Main.URL("postgres")); err != nil {
		t.Fatal(err)
	}
}

// drillCluster is the world's own, or one of those that the worlds take in turn.
func (w *World) drillCluster(t testing.TB) *pgtest.Cluster {
	t.Helper()
	if w.Drill != nil {
		return w.Drill
	}
	return shared.lane(t)
}

func ownCluster(t testing.TB, superuser string) (cluster *pgtest.Cluster, disk *pgtest.Disk) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // it is stopped by the cleanup
	disk, err := pgtest.NewDisk(ctx)
	switch {
	case err == nil:
		cluster, err = pgtest.StartOn(ctx, superuser, disk)
	case errors.Is(err, pgtest.ErrNoDisk):
		cluster, err = pgtest.Start(ctx, superuser)
	}
	if err != nil {
		t.Fatal("starting a cluster of the world's own: ", err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cluster, disk
}
