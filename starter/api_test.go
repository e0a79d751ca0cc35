package main_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/failure"
	"steward/internal/pgtest"
)

// tail makes an id of a prefix: what is known to the stand-in ends with it.
const tail = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

const (
	standKey = `{"id":"key_` + tail + `","app":"app_a","label":"production","scopes":["promises:read"],"state":"%s",
		"made_at":"2026-11-22T12:00:00Z","expires_at":"2027-11-22T12:00:00Z"%s}`
	standStaff = `{"id":"stf_` + tail + `","handle":"support-2","role":"%s","state":"%s","since":"2026-11-22T12:00:00Z",
		"expires_at":"2027-02-20T12:00:00Z"%s}`
	standTask = `{"id":"tsk_%s","kind":"account.delete","text":"Decide","subject":"42","role":"support","opened_by":"app_a",
		"opened_at":"2026-11-22T12:00:00Z","due_at":"2026-11-25T12:00:00Z","overdue":%v,"outcomes":["accepted","refused"]%s}`
	standAct = `{"acts":[{"id":"act_%s","at":"2026-11-22T12:00:00Z","staff":"stf_a","credential":"tok_a","role":"operator","verb":"key.create",
		"object":"key_a","outcome":"done"}]%s}`
	standMail = `{"id":"mail_%s","message_id":"m.%[1]s@example.com","letter":"promise_alert","language":"fr","state":"%s","tries":%d,
		"queued_at":"2026-11-22T12:00:00Z","ends_at":"2027-11-22T12:00:00Z"%s}`
	standEndpoint = `{"id":"whe_%s","types":[%s],"created_by":"stf_a","created_at":"2026-11-22T12:00:00Z"%s}`
	standDelivery = `{"id":"whd_%s","event":"evt_a","endpoint":"whe_a","type":"promise.broken","state":"%s","tries":%d,
		"created_at":"2026-11-22T12:00:00Z"%s}`
)

// fixed always answers the same.
func fixed(text string, args ...any) func(*stand, asked) reply {
	return func(*stand, asked) reply { return reply{body: fmt.Sprintf(text, args...)} }
}

// found answers about the one thing that is known, and else with a code.
func found(unknown failure.Code, answer func(asked) string) func(*stand, asked) reply {
	return func(_ *stand, a asked) reply {
		if !strings.HasSuffix(a.id, tail) && a.id != "42" && a.id != "4711" {
			return reply{code: unknown}
		}

		return reply{body: answer(a)}
	}
}

// pages answers with two pages.
func pages(list, first, second string) func(*stand, asked) reply {
	return func(_ *stand, a asked) reply {
		if a.query.Get("cursor") == "n" {
			return reply{body: fmt.Sprintf(`{%q:[%s]}`, list, second)}
		}

		return reply{body: fmt.Sprintf(`{%q:[%s],"next_cursor":"n"}`, list, first)}
	}
}

// answers are those of the stand-in, by the ids of the operations.
func answers() map[string]func(*stand, asked) reply {
	all := map[string]func(*stand, asked) reply{
		"get-me": fixed(`{"id":"stf_a","handle":"support-2","role":"support","token":"tok_a","expires_at":"2027-02-20T12:00:00Z"}`),
		"rotate-my-token": func(s *stand, _ asked) reply {
			s.token += "2"

			return reply{body: fmt.Sprintf(standStaff, "support", "holds", `,"token":"`+s.token+`"`)}
		},
		"list-acts": func(_ *stand, a asked) reply {
			if a.query.Get("cursor") == "" {
				return reply{body: fmt.Sprintf(standAct, "a", `,"next_cursor":"n"`)}
			}

			return reply{body: fmt.Sprintf(standAct, "b", "")}
		},
		"list-access-log": func(_ *stand, a asked) reply {
			return reply{body: `{"looks":[{"at":"2026-11-22T12:00:00Z","staff":"stf_a","credential":"tok_a","role":"lead","operation":"get-account","subject":"` +
				a.query.Get("subject") + `"}]}`}
		},
		"list-mail": pages("mail",
			fmt.Sprintf(standMail, "a", "refused", 3, `,"code":"mail_refused","reply":550,"settled_at":"2026-11-22T13:00:00Z"`),
			fmt.Sprintf(standMail, "b", "accepted", 1, `,"accepted_at":"2026-11-22T12:00:01Z"`)),
	}

	for _, more := range []map[string]func(*stand, asked) reply{accountAnswers(), credentialAnswers(), taskAnswers(), webhookAnswers()} {
		maps.Copy(all, more)
	}

	return all
}

func accountAnswers() map[string]func(*stand, asked) reply {
	const account = `{"id":"42","state":"alive","registered_at":"2026-11-22T12:00:00Z","last_interaction_at":"2026-11-23T12:00:00Z","subscribed":true}`

	return map[string]func(*stand, asked) reply{
		"get-account":         found(failure.AccountUnknown, func(asked) string { return account }),
		"create-account":      fixed(`{"id":"42","state":"alive","registered_at":"2026-11-22T12:00:00Z"}`),
		"record-interactions": fixed(`{"recorded":1,"refused":[]}`),
		"delete-account":      found(failure.AccountUnknown, func(asked) string { return fmt.Sprintf(standTask, tail, false, "") }),
	}
}

func credentialAnswers() map[string]func(*stand, asked) reply {
	return map[string]func(*stand, asked) reply{
		"list-keys": pages("keys", fmt.Sprintf(standKey, "holds", ""), fmt.Sprintf(standKey, "revoked", `,"revoked_at":"2026-11-23T12:00:00Z"`)),
		"create-key": func(_ *stand, a asked) reply {
			return reply{body: fmt.Sprintf(standKey, "holds", fmt.Sprintf(`,"token":"`+madeKeys+`%v_%v_%v"`, a.body["label"], a.body["scopes"], a.body["days"]))}
		},
		"rotate-key": found(failure.UnknownKey, func(a asked) string {
			return fmt.Sprintf(standKey, "holds", fmt.Sprintf(`,"token":"stw_app_overlap_%v"`, a.body["overlap_hours"]))
		}),
		"revoke-key": found(failure.UnknownKey, func(asked) string {
			return fmt.Sprintf(standKey, "revoked", `,"revoked_at":"2026-11-23T12:00:00Z"`)
		}),
		"list-staff": fixed(`{"staff":[`+standStaff+`]}`, "support", "ended", `,"ended_at":"2026-12-22T12:00:00Z"`),
		"create-staff": func(_ *stand, a asked) reply {
			if a.body["handle"] == "taken" {
				return reply{code: failure.HandleTaken}
			}

			return reply{body: fmt.Sprintf(standStaff, a.body["role"], "holds", fmt.Sprintf(`,"token":"stw_staff_%v"`, a.body["days"]))}
		},
		"change-staff":       found(failure.UnknownStaff, func(a asked) string { return fmt.Sprintf(standStaff, a.body["role"], "holds", "") }),
		"end-staff":          found(failure.UnknownStaff, func(asked) string { return fmt.Sprintf(standStaff, "support", "ended", "") }),
		"rotate-staff-token": found(failure.UnknownStaff, func(asked) string { return fmt.Sprintf(standStaff, "support", "holds", `,"token":"stw_staff_anew"`) }),
	}
}

func taskAnswers() map[string]func(*stand, asked) reply {
	open := pages("tasks", fmt.Sprintf(standTask, tail, true, ""), fmt.Sprintf(standTask, "b", false, ""))

	return map[string]func(*stand, asked) reply{
		"list-tasks": func(s *stand, a asked) reply {
			switch {
			case a.query.Get("state") == "done":
				return reply{body: `{"tasks":[` + fmt.Sprintf(standTask, "c", false, `,"done_at":"2026-11-24T12:00:00Z","done_by":"stf_a","outcome":"refused"`) + `]}`}
			case a.query.Get("role") == "lead":
				return reply{body: `{"tasks":[]}`}
			default:
				return open(s, a)
			}
		},
		"get-task": found(failure.TaskUnknown, func(asked) string { return fmt.Sprintf(standTask, tail, false, "") }),
		"finish-task": found(failure.TaskUnknown, func(a asked) string {
			by := "stf_a"
			if a.body["account"] == "somebody@example.com" {
				by = "stf_named"
			}

			return fmt.Sprintf(standTask, tail, false, fmt.Sprintf(`,"done_at":"2026-11-24T12:00:00Z","done_by":%q,"outcome":%q`, by, a.body["outcome"]))
		}),
	}
}

func webhookAnswers() map[string]func(*stand, asked) reply {
	return map[string]func(*stand, asked) reply{
		"list-webhook-endpoints": fixed(`{"endpoints":[%s,%s]}`, fmt.Sprintf(standEndpoint, "a", "", ""),
			fmt.Sprintf(standEndpoint, "b", `"promise.broken","task.overdue"`,
				`,"description":"alarms","disabled_at":"2026-11-23T12:00:00Z","disabled_reason":"endpoint_gone"`)),
		"create-webhook-endpoint": func(_ *stand, a asked) reply {
			switch to := fmt.Sprint(a.body["url"]); {
			case strings.Contains(to, "127.0.0.1"):
				return reply{code: failure.WebhookURLRefused}
			case strings.Contains(to, "too-many"):
				return reply{code: failure.TooManyEndpoints}
			default:
				return reply{body: fmt.Sprintf(`{"id":"whe_a","secret":"whsec_%v_%v"}`, a.body["types"], a.body["description"])}
			}
		},
		"delete-webhook-endpoint": found(failure.UnknownEndpoint, func(asked) string { return "" }),
		"list-webhook-deliveries": pages("deliveries",
			fmt.Sprintf(standDelivery, "a", "given_up", 19, `,"code":"endpoint_refused","status":503,"settled_at":"2026-11-25T12:00:00Z"`),
			fmt.Sprintf(standDelivery, "b", "waiting", 0, `,"next_at":"2026-11-22T12:00:00Z"`)),
		"retry-webhook-delivery": func(s *stand, a asked) reply {
			if strings.HasPrefix(a.id, "whd_c") {
				return reply{code: failure.DeliveryBusy}
			}

			return found(failure.UnknownDelivery, func(asked) string { return "" })(s, a)
		},
	}
}

// TestThroughTheAPI runs the commands that go through the API.
func TestThroughTheAPI(t *testing.T) {
	t.Parallel()

	bin := command(t)

	testscript.Run(t, testscript.Params{
		Dir: "testdata/api", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(newStand(t, "stw_staff_one"))
			env.Defer(server.Close)
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=production", "URL="+server.URL, "TAIL="+tail,
				"NOBODY="+strings.ReplaceAll(tail, "a", "b"), "BUSY=c"+tail[1:], "XDG_CONFIG_HOME="+filepath.Join(env.WorkDir, "config"),
				"STEWARD_DATABASE="+pgtest.Steward(t))...)

			return os.WriteFile(filepath.Join(env.WorkDir, "token"), []byte("stw_staff_one\n"), 0o600)
		},
	})
}
