package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/pgtest"
)

// stand is a stand-in for the API that knows one token: what it answers is what the
// tests of package api see the real one answer.
type stand struct{ token string }

// asked is what a handler of the stand-in gets.
type asked struct {
	query string
	body  map[string]any
}

const (
	standKey   = `{"id":"key_a","app":"app_a","label":"production","scopes":["promises:read"],"state":"%s","made_at":"2026-11-22T12:00:00Z","expires_at":"2027-11-22T12:00:00Z"%s}`
	standStaff = `{"id":"stf_a","handle":"support-2","role":"%s","state":"%s","since":"2026-11-22T12:00:00Z","expires_at":"2027-02-20T12:00:00Z"%s}`
	standTask  = `{"id":"tsk_%s","kind":"account.delete","text":"Decide","subject":"42","role":"support","opened_by":"app_a","opened_at":"2026-11-22T12:00:00Z","due_at":"2026-11-25T12:00:00Z","overdue":%v,"outcomes":["accepted","refused"]%s}`
	standAct   = `{"acts":[{"id":"act_%s","at":"2026-11-22T12:00:00Z","staff":"stf_a","role":"operator","verb":"key.create","object":"key_a","outcome":"done"}]%s}`
)

// answers are the routes of the stand-in.
func (s *stand) answers() map[string]func(asked) string {
	fixed := func(text string, args ...any) func(asked) string {
		return func(asked) string { return fmt.Sprintf(text, args...) }
	}

	return map[string]func(asked) string{
		"GET /v1/me": fixed(`{"id":"stf_a","handle":"support-2","role":"support","token":"tok_a","expires_at":"2027-02-20T12:00:00Z"}`),
		"POST /v1/me/tokens": func(asked) string {
			s.token += "2"

			return fmt.Sprintf(standStaff, "support", "holds", `,"token":"`+s.token+`"`)
		},
		"GET /v1/keys": func(a asked) string {
			if a.query == "" {
				return `{"keys":[` + fmt.Sprintf(standKey, "holds", "") + `],"next_cursor":"n"}`
			}

			return `{"keys":[` + fmt.Sprintf(standKey, "revoked", `,"revoked_at":"2026-11-23T12:00:00Z"`) + `]}`
		},
		"POST /v1/keys": func(a asked) string {
			return fmt.Sprintf(standKey, "holds", fmt.Sprintf(`,"token":"stw_app_made_%v_%v_%v"`, a.body["label"], a.body["scopes"], a.body["days"]))
		},
		"POST /v1/keys/key_a/rotate": func(a asked) string {
			return fmt.Sprintf(standKey, "holds", fmt.Sprintf(`,"token":"stw_app_overlap_%v"`, a.body["overlap_hours"]))
		},
		"DELETE /v1/keys/key_a": fixed(standKey, "revoked", `,"revoked_at":"2026-11-23T12:00:00Z"`),
		"GET /v1/staff":         fixed(`{"staff":[`+standStaff+`]}`, "support", "ended", `,"ended_at":"2026-12-22T12:00:00Z"`),
		"POST /v1/staff": func(a asked) string {
			return fmt.Sprintf(standStaff, a.body["role"], "holds", fmt.Sprintf(`,"token":"stw_staff_%v"`, a.body["days"]))
		},
		"PATCH /v1/staff/stf_a":       func(a asked) string { return fmt.Sprintf(standStaff, a.body["role"], "holds", "") },
		"DELETE /v1/staff/stf_a":      fixed(standStaff, "support", "ended", ""),
		"POST /v1/staff/stf_a/tokens": fixed(standStaff, "support", "holds", `,"token":"stw_staff_anew"`),
		"GET /v1/acts": func(a asked) string {
			if a.query == "" {
				return fmt.Sprintf(standAct, "a", `,"next_cursor":"n"`)
			}

			return fmt.Sprintf(standAct, "b", "")
		},
		"GET /v1/accounts/42": fixed(`{"id":"42","state":"alive","registered_at":"2026-11-22T12:00:00Z","last_interaction_at":"2026-11-23T12:00:00Z","subscribed":true}`),
		"GET /v1/tasks": func(a asked) string {
			switch {
			case strings.Contains(a.query, "state=done"):
				return `{"tasks":[` + fmt.Sprintf(standTask, "c", false, `,"done_at":"2026-11-24T12:00:00Z","done_by":"stf_a","outcome":"refused"`) + `]}`
			case strings.Contains(a.query, "role=lead"):
				return `{"tasks":[]}`
			case strings.Contains(a.query, "cursor=n"):
				return `{"tasks":[` + fmt.Sprintf(standTask, "b", false, "") + `]}`
			default:
				return `{"tasks":[` + fmt.Sprintf(standTask, "a", true, "") + `],"next_cursor":"n"}`
			}
		},
		"GET /v1/tasks/tsk_a": fixed(standTask, "a", false, ""),
		"POST /v1/tasks/tsk_a/outcome": func(a asked) string {
			return fmt.Sprintf(standTask, "a", false, fmt.Sprintf(`,"done_at":"2026-11-24T12:00:00Z","done_by":"stf_a","outcome":%q`, a.body["outcome"]))
		},
		"GET /v1/access-log": func(a asked) string {
			return `{"looks":[{"at":"2026-11-22T12:00:00Z","staff":"stf_a","role":"lead","operation":"get-account","subject":"` +
				strings.TrimPrefix(a.query, "subject=") + `"}]}`
		},
	}
}

// ServeHTTP implements http.Handler.
func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%q,"request_id":"req_a"}`, code)
	}

	if r.Header.Get("Authorization") != "Bearer "+s.token {
		refuse(http.StatusUnauthorized, "credentials_needed")

		return
	}

	answer, known := s.answers()[r.Method+" "+r.URL.Path]
	if !known {
		refuse(http.StatusNotFound, "unknown_key")

		return
	}

	body, err := io.ReadAll(r.Body)
	in := asked{query: r.URL.RawQuery}

	if err != nil || len(body) > 0 && json.Unmarshal(body, &in.body) != nil {
		refuse(http.StatusBadRequest, "request_malformed")

		return
	}

	fmt.Fprint(w, answer(in))
}

// TestThroughTheAPI runs the commands that go through the API.
func TestThroughTheAPI(t *testing.T) {
	t.Parallel()

	bin := command(t)

	testscript.Run(t, testscript.Params{
		Dir: "testdata/api", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(&stand{token: "stw_staff_one"})
			env.Defer(server.Close)
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=production", "URL="+server.URL,
				"XDG_CONFIG_HOME="+filepath.Join(env.WorkDir, "config"), "STEWARD_DATABASE="+pgtest.Steward(t))...)

			return os.WriteFile(filepath.Join(env.WorkDir, "token"), []byte("stw_staff_one\n"), 0o600)
		},
	})
}
