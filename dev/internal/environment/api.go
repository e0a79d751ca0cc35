package environment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"steward/dev/internal/devkeys"
	"steward/dev/internal/procs"
	"steward/dev/internal/state"
)

// The API and its page of metrics, each on a port of its own.
const (
	partAPI        = "api"
	partAPIMetrics = "api-metrics"
)

// apiLogin is the API's login in the main cluster.
const apiLogin = "steward_api_login"

// apiURL is where the API answers: plain HTTP, on loopback.
func (e *Environment) apiURL() string { return "http://" + e.address(partAPI) }

// apiSpec runs the API with its own login and nobody else's.
func (e *Environment) apiSpec() (procs.Spec, error) {
	steward, err := e.url(partPostgres, apiLogin, databaseSteward)
	if err != nil {
		return procs.Spec{}, err
	}
	policy, err := os.ReadFile(e.policyFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return procs.Spec{}, fmt.Errorf("reading the policy: %w", err)
	}
	sum := sha256.Sum256(policy)
	keys, err := devkeys.For(e.dir.Path("keys"), devkeys.API)
	if err != nil {
		return procs.Spec{}, fmt.Errorf("finding the keys of the API: %w", err)
	}
	vars := append(e.common(),
		state.Var{Name: "STEWARD_KEYS_DIR", Value: keys},
		state.Var{Name: "STEWARD_DATABASE_URL", Value: steward},
		state.Var{Name: "STEWARD_API_LISTEN", Value: e.address(partAPI)},
		// Nothing is before it that would have to notice that it ends.
		state.Var{Name: "STEWARD_API_DRAIN", Value: "0s"},
		state.Var{Name: listenVariable, Value: e.address(partAPIMetrics)},
	)
	return procs.Spec{
		Name: partAPI, Program: e.program(programAPI), Dir: e.dir.Clone(), Env: append(e.plain(), state.Environ(vars)...),
		// It reads its policy once, at its start.
		Inputs: hex.EncodeToString(sum[:]),
	}, nil
}

func (e *Environment) upAPI(ctx context.Context) (string, error) {
	spec, err := e.apiSpec()
	if err != nil {
		return "", err
	}
	free := func(ctx context.Context) error {
		if err := e.book.CheckFree(ctx, partAPIMetrics); err != nil {
			return fmt.Errorf("looking for the port of its metrics: %w", err)
		}
		return nil
	}
	return e.ensureRunning(ctx, spec, free, e.askHTTP(partAPI, "/readyz"))
}
