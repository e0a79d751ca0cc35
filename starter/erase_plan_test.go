package main_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/ids"
)

// onlyConnects gives the URL of a steward database for a login that may connect and nothing else, after no login may make temporary tables
// by default: no operator has less (docs/production.md).
func onlyConnects(t *testing.T, at string) string {
	t.Helper()

	parsed, err := url.Parse(at)
	must(t, err)

	login, name := ids.New("test"), strings.TrimPrefix(parsed.Path, "/")
	db := opened(t, at)
	run(t, db, "create role "+login+" login")
	run(t, db, `revoke all on database "`+name+`" from public`)
	run(t, db, `grant connect on database "`+name+`" to `+login)

	parsed.User = url.User(login)

	return parsed.String()
}

// TestErasePlan counts what an erasure would do, with an operator's login of the steward database, which may erase nothing there.
func TestErasePlan(t *testing.T) {
	t.Parallel()

	bin := command(t)
	a := newAgain(t)
	steward := onlyConnects(t, a.steward)

	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/erase_plan/plan.txtar"}, Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY="+a.policy, "STEWARD_DATABASE_URL="+steward,
				"STORAGE_EMULATOR_HOST="+a.storage, "STEWARD_GCP_PROJECT=test", "APP_ERASE_DATABASE_URL="+a.restored)...)

			return nil
		},
	})
}
