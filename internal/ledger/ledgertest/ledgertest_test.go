package ledgertest_test

import (
	"testing"

	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	ledgertest.Conformance(t, func(*testing.T) ledger.Mirror { return ledgertest.NewMemory() })
}

func TestFolderConforms(t *testing.T) {
	t.Parallel()
	ledgertest.Conformance(t, func(t *testing.T) ledger.Mirror {
		t.Helper()

		return ledgertest.NewFolder(t.TempDir())
	})
}
