package erasure_test

import (
	"context"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// tried opens a case of what was asked for.
func (b *bench) tried(t *testing.T, asked erasure.Opening) (opened erasure.Case, fresh bool, err error) {
	t.Helper()

	err = b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		opened, fresh, err = erasure.Open(ctx, tx, b.keeper, asked)

		return err
	})

	return opened, fresh, err
}

// An erasure in an account that nobody registered would find nothing, and look done.
func TestAnErasureInAnAccountThatIsNot(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada := erasure.Identities{datamap.Email: {"ada@example.com"}}

	for kind, identities := range map[plan.Subject]erasure.Identities{plan.Account: nil, plan.Person: ada} {
		asked := b.opening()
		asked.Kind, asked.Account, asked.Identities, asked.Matches = kind, "471100", identities, identities.Matches([]byte("a key of tests"))

		if _, _, err := b.tried(t, asked); !failure.Is(err, failure.AccountUnknown) {
			t.Errorf("%s: %v", kind, err)
		}

		if asked.Account = subject; kind == plan.Person {
			if _, fresh, err := b.tried(t, asked); err != nil || !fresh {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}

	// Who asks for themselves, or in no customer's data, is looked for where the company is responsible.
	asked := b.opening()
	asked.Kind, asked.Account, asked.Identities = plan.Person, "", ada

	if _, fresh, err := b.tried(t, asked); err != nil || !fresh {
		t.Error(err)
	}
}
