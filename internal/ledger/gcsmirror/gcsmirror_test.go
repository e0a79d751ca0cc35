package gcsmirror_test

import (
	"testing"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/ledger/ledgertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()

	ledgertest.Conformance(t, func(t *testing.T) ledger.Mirror {
		t.Helper()

		client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
		if err != nil {
			t.Fatal(err)
		}

		bucket := client.Bucket("ledger")
		if _, err := bucket.Create(t.Context(), gcs.Settings{Location: "EU"}); err != nil {
			t.Fatal(err)
		}

		return gcsmirror.New(bucket)
	})
}
