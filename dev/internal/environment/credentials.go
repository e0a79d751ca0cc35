package environment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"steward/dev/internal/probe"
	"steward/dev/internal/state"
	"steward/internal/access"
)

// The credentials of the person at this machine and of the demo app, kept under
// .dev/secrets: the API shows each of them once.
const (
	operatorToken = "operator.token"
	appKey        = "app.key"
)

// The variables in which `make env` prints them.
const (
	apiVariable   = "STEWARD_API_URL"
	tokenVariable = "STEWARD_TOKEN"
	keyVariable   = "STEWARD_API_KEY"
)

// upCredentials makes the first operator and the app's key, unless those that were
// made before still hold. A crash after one was made and before it was kept loses it:
// of the key another is made, of the operator `make up` says that there is one.
func (e *Environment) upCredentials(ctx context.Context) (string, error) {
	made := 0
	for _, one := range []struct {
		file, ask string
		make      []string
	}{
		{operatorToken, "/v1/me", []string{"staff", "bootstrap", "dev-operator"}},
		{appKey, "/v1/promises", append([]string{"key", "create", "demo-app"}, everyScope()...)},
	} {
		holds, err := e.holds(ctx, one.file, one.ask)
		if err != nil {
			return "", err
		}
		if holds {
			continue
		}
		if err := e.makeCredential(ctx, one.file, one.make); err != nil {
			return "", err
		}
		made++
	}
	if err := e.writeEnv(); err != nil {
		return "", err
	}
	if made == 0 {
		return "", nil
	}
	return "made, see make env", nil
}

// everyScope are the flags that give a key all scopes.
func everyScope() []string {
	var flags []string
	for _, scope := range access.Scopes() {
		flags = append(flags, "--scope", string(scope))
	}
	return flags
}

// holds asks the API whether a credential that was kept still lets somebody in.
func (e *Environment) holds(ctx context.Context, file, path string) (bool, error) {
	token, err := e.credential(file)
	if err != nil || token == "" {
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.apiURL()+path, http.NoBody)
	if err != nil {
		return false, fmt.Errorf("asking the API: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	status, err := probe.Do(request)
	switch {
	case err != nil:
		return false, fmt.Errorf("asking the API: %w", err)
	case status == http.StatusOK:
		return true, nil
	case status == http.StatusUnauthorized:
		return false, nil
	}
	return false, fmt.Errorf("asking the API: %w: status %d", probe.ErrStatus, status)
}

// makeCredential lets a command make a credential, and keeps what it shows.
func (e *Environment) makeCredential(ctx context.Context, file string, args []string) error {
	out, err := e.steward(ctx, append(args, "--json")...)
	if err != nil {
		return err
	}
	var shown struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(out), &shown); err != nil || shown.Token == "" {
		return fmt.Errorf("%w: steward %s showed no token", ErrSteward, strings.Join(args, " "))
	}
	dir, err := e.dir.Sub("secrets")
	if err != nil {
		return fmt.Errorf("keeping a credential: %w", err)
	}
	if err := state.WriteFile(dir+"/"+file, []byte(shown.Token+"\n")); err != nil {
		return fmt.Errorf("keeping a credential: %w", err)
	}
	return nil
}

// credential is one that was kept; empty before it was made.
func (e *Environment) credential(file string) (string, error) {
	text, err := os.ReadFile(e.dir.Path("secrets", file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading a credential: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// apiVars are the API's address and, as soon as they were made, the credentials.
func (e *Environment) apiVars() ([]state.Var, error) {
	vars := []state.Var{{Name: apiVariable, Value: e.apiURL()}}
	for _, one := range []struct{ variable, file string }{{keyVariable, appKey}, {tokenVariable, operatorToken}} {
		value, err := e.credential(one.file)
		if err != nil {
			return nil, err
		}
		if value != "" {
			vars = append(vars, state.Var{Name: one.variable, Value: value})
		}
	}
	return vars, nil
}
