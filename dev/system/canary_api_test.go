package system_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"steward/dev/harness"
	"steward/dev/internal/hidden"
	"steward/internal/letter"
	"steward/workflows"
)

// The canaries of the API: what people are called there, what they write, and what
// others say of them.
const (
	canaryAccount   = "Ottilie Canarykey 5be1 <ottilie@canary-key.test>"
	canaryRecipient = "canary.recipient.77aa@mail.test"
	canaryLetter    = "Canary Adressat 9d03"
	canaryBounce    = "the mailbox of Canary Bounceowner c11d is gone"
	canaryServer    = "Canary Mailboxname e7f0 is away until May"
	canaryHook      = "canary-hook-owner-2f6e"
	canaryGone      = "canary-gone-owner-81d3"
	canaryAgent     = "CanaryBrowser of Leonie Agentcanary 61ad"
	canaryNonsense  = "Canary Nonsenseauthor 40be"
	canarySecret    = "canary-session-of-leonie-7c2e"
	// canaryOps is whom the tracked policy tells alerts.
	canaryOps = "ops@popkit.example"
)

func apiCanaries() []string {
	return []string{
		canaryAccount, "ottilie@canary-key.test", canaryRecipient, canaryLetter, canaryBounce, canaryServer, canaryHook, canaryGone,
		canaryAgent, canaryNonsense, canarySecret, canaryOps,
	}
}

// poison makes every change of a table fail with canaries in its text, as a driver's
// error about a row does.
func poison(table, events string) (do, undo string) {
	return `create function poison() returns trigger language plpgsql as $$
		begin
			raise exception 'duplicate key value, (key)=(` + canaryAccount + `)'
				using detail = 'Failing row contains (` + canaryRecipient + `, ` + canaryLetter + `).', errcode = 'unique_violation';
		end $$;
		create trigger poison before ` + events + ` on ` + table + ` for each row execute function poison()`,
		`drop trigger poison on ` + table + `; drop function poison()`
}

// TestNoCanaryLeavesTheAPI is rule 1 of the design for what comes through the API and
// goes out by mail and webhook: people's keys, addresses, words and what others say of
// them are in none of the places where they must not be, and in the clear in no dump of
// Steward's database.
func TestNoCanaryLeavesTheAPI(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{
		Processes: []string{"core"}, Messages: true, API: true, Undrilled: true, Canaries: apiCanaries(), Unchecked: true,
	})
	c := &canaryAPI{
		canaryWorld: &canaryWorld{T: t, World: world, written: map[string][]byte{}}, callers: makeCallers(t, world),
	}
	c.command = commandIn(t, world, buildSteward(t)).set("STEWARD_API_URL="+world.API, "STEWARD_TOKEN="+c.operator)

	c.accounts()
	c.refusals()
	c.poisonedRows()
	c.endpoints()
	c.mails()
	c.late()
	c.hears()
	c.reads()
	harness.CheckWorld(t, world)

	sinks, bytesIn := c.everything(), 0
	for _, content := range sinks {
		bytesIn += len(content)
	}
	for _, name := range []string{"log of api", "log of vendors", "metrics of api", "metrics of vendors", "calls of webhooks", "pg_dump"} {
		if len(sinks[name]) == 0 {
			t.Errorf("nothing was looked through in %s", name)
		}
	}
	hits := hidden.Search(sinks, apiCanaries())
	if len(hits) > 0 {
		t.Error(hits)
	}
	c.plantedHere()
	t.Logf("canaries=%d sinks=%d bytes=%d hits=%d", len(apiCanaries()), len(sinks), bytesIn, len(hits))
}

// accounts are told of by a key that names a person.
func (c *canaryAPI) accounts() {
	c.Helper()
	made := c.asks(http.StatusCreated, c.app, http.MethodPost, "/v1/accounts", object(map[string]any{"account": canaryAccount}))
	again := c.asks(http.StatusCreated, c.app, http.MethodPost, "/v1/accounts", object(map[string]any{"account": canaryAccount}))
	c.account = c.member(made, "id")
	if c.member(again, "id") != c.account {
		c.Errorf("the account is %s and %s", made, again)
	}
	c.asks(http.StatusOK, c.app, http.MethodPost, "/v1/interactions", object(map[string]any{"interactions": []any{
		map[string]any{"account": canaryAccount, "at": c.now(-time.Hour)}, map[string]any{"account": canaryAccount, "at": c.now(time.Hour)},
	}}))
	c.asks(http.StatusOK, c.app, http.MethodPost, "/v1/subscriptions", object(map[string]any{
		"account": canaryAccount, "event": "paid_until", "at": c.now(-time.Hour), "paid_until": c.now(day),
	}))
	c.asks(http.StatusOK, c.lead, http.MethodGet, "/v1/accounts/"+c.account, "")
	c.asks(http.StatusAccepted, c.app, http.MethodDelete, "/v1/accounts/"+c.account, "")
}

// refusals answer what is wrong in every part of a request, and repeat nothing of it.
func (c *canaryAPI) refusals() {
	c.Helper()
	const get, post = http.MethodGet, http.MethodPost
	for _, each := range []struct {
		want                      int
		token, method, path, body string
	}{
		{http.StatusUnprocessableEntity, c.app, post, "/v1/interactions", object(map[string]any{"interactions": []any{
			map[string]any{"account": canaryAccount, "at": c.now(day)},
		}})},
		{http.StatusUnprocessableEntity, c.app, post, "/v1/interactions", object(map[string]any{"interactions": canaryNonsense})},
		{http.StatusUnprocessableEntity, c.app, post, "/v1/interactions", object(map[string]any{canaryNonsense: canaryNonsense, "interactions": []any{}})},
		{http.StatusBadRequest, c.app, post, "/v1/interactions", `{"` + canaryNonsense + `": `},
		{http.StatusBadRequest, c.app, post, "/v1/accounts", `{"account": "` + canaryNonsense + `", "account": "` + canaryNonsense + `"}`},
		{http.StatusUnprocessableEntity, c.app, post, "/v1/subscriptions", object(map[string]any{
			"account": canaryNonsense, "event": canaryNonsense, "at": canaryNonsense,
		})},
		{http.StatusUnprocessableEntity, c.app, get, "/v1/accounts/" + url.PathEscape(canaryAccount), ""},
		{http.StatusUnprocessableEntity, c.lead, get, "/v1/tasks?" + url.QueryEscape(canaryNonsense) + "=" + url.QueryEscape(canaryNonsense), ""},
		{http.StatusUnprocessableEntity, c.lead, get, "/v1/mail?cursor=" + url.QueryEscape(canaryNonsense), ""},
		{http.StatusNotFound, c.lead, get, "/v1/" + url.PathEscape(canaryNonsense), ""},
		{http.StatusUnauthorized, canarySecret, get, "/v1/tasks", ""},
		{http.StatusUnauthorized, "stw_app_" + canarySecret, get, "/v1/tasks", ""},
		{http.StatusForbidden, c.app, get, "/v1/mail?x=" + url.QueryEscape(canaryNonsense), ""},
		{http.StatusUnprocessableEntity, c.operator, post, "/v1/webhooks/endpoints", object(map[string]any{
			"url": "https://" + canaryHook + ":" + canarySecret + "@127.0.0.1/", "description": "of nobody",
		})},
	} {
		c.asks(each.want, each.token, each.method, each.path, each.body)
	}
}

// poisonedRows are refused by the database with the canaries of others.
func (c *canaryAPI) poisonedRows() {
	c.Helper()
	for _, each := range []struct{ table, events, token, path, body string }{
		{"accounts", "insert or update", c.app, "/v1/accounts", object(map[string]any{"account": "another " + canaryAccount})},
		{"accounts", "insert or update", c.app, "/v1/interactions", object(map[string]any{"interactions": []any{map[string]any{"account": canaryAccount}}})},
		{"webhook_endpoints", "insert", c.operator, "/v1/webhooks/endpoints", object(map[string]any{"url": c.Hooks.URL("/" + canaryHook)})},
	} {
		do, undo := poison(each.table, each.events)
		c.exec(c.StewardURL, do)
		c.asks(http.StatusInternalServerError, each.token, http.MethodPost, each.path, each.body)
		c.exec(c.StewardURL, undo)
	}
}

// endpoints are made at addresses that name people; at one of them nobody listens.
func (c *canaryAPI) endpoints() {
	c.Helper()
	made := c.asks(http.StatusCreated, c.operator, http.MethodPost, "/v1/webhooks/endpoints", object(map[string]any{"url": c.Hooks.URL("/" + canaryHook)}))
	c.Hooks.Knows("/"+canaryHook, c.member(made, "id"), c.member(made, "secret"))
	made = c.asks(http.StatusCreated, c.operator, http.MethodPost, "/v1/webhooks/endpoints", object(map[string]any{"url": "http://127.0.0.1:1/" + canaryGone}))
	c.endpoint = c.member(made, "id")
}

// mails go to people: one is poisoned on its way and asked to come back, one is refused,
// with names in what the mail server says.
func (c *canaryAPI) mails() {
	c.Helper()
	greeting := letter.Test{Company: canaryLetter, At: c.Now()}
	for _, cause := range []string{"canary/deferred", "canary/refused"} {
		if _, err := c.QueueMail(c.Context(), cause, canaryRecipient, greeting); err != nil {
			c.Fatal(err)
		}
	}
	do, undo := poison("mail", "update")
	c.exec(c.StewardURL, do)
	run, err := c.Start(c.Context(), "mail/poisoned", workflows.SendMailName)
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "vendors", 2)
	c.Mails.Script("rcpt", "450 4.2.1 <"+canaryRecipient+"> "+canaryServer, "550 5.1.1 <"+canaryRecipient+"> "+canaryServer)
	c.exec(c.StewardURL, undo)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the first pass gave up, as it may: ", err)
	}
	c.peace()
}

// peace lets the next passes come.
func (c *canaryAPI) peace() {
	c.Helper()
	if err := inPeace(c.Context(), c.World); err != nil {
		c.Fatal(err)
	}
}

// late are a task and the backups: people are told by mail and webhook, while the
// deliveries are poisoned, and while nobody listens at one of the addresses.
func (c *canaryAPI) late() {
	c.Helper()
	if err := c.Move(4 * day); err != nil {
		c.Fatal(err)
	}
	c.exec(c.StewardURL, `insert into installation (installed_at) values (now() - interval '10 days')`)
	c.run("audit/late", workflows.PromiseAuditName, false)
	before := failures(c.T, c.World, "vendors")
	do, undo := poison("webhook_deliveries", "update")
	c.exec(c.StewardURL, do)
	run, err := c.Start(c.Context(), "webhooks/poisoned", workflows.DeliverWebhooksName)
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "vendors", before+1)
	c.exec(c.StewardURL, undo)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the first pass gave up, as it may: ", err)
	}
	c.peace()
	c.asks(http.StatusNoContent, c.operator, http.MethodDelete, "/v1/webhooks/endpoints/"+c.endpoint, "")
	if err := allSent(c.Context(), c.World); err != nil {
		c.Fatal(err)
	}
}

// hears what a provider tells of a mail, with everything that it says.
func (c *canaryAPI) hears() {
	c.Helper()
	sent := c.Mails.Received()
	if len(sent) < 2 {
		c.Fatalf("%d mails were sent", len(sent))
	}
	mail, _, _ := strings.Cut(sent[0].MessageID, "@")
	told := map[string]any{
		"RecordType": "Bounce", "ID": 4711, "Type": "HardBounce", "Email": canaryRecipient, "Description": canaryBounce, "Details": canaryBounce,
		"Subject": canaryLetter, "Content": canaryLetter, "BouncedAt": c.now(-time.Minute), "Metadata": map[string]any{"steward-mail": mail, "name": canaryLetter},
	}
	do, undo := poison("mail_events", "insert")
	c.exec(c.StewardURL, do)
	c.asks(http.StatusInternalServerError, c.app, http.MethodPost, "/v1/mail/events", object(told))
	c.exec(c.StewardURL, undo)
	if answer := c.asks(http.StatusOK, c.app, http.MethodPost, "/v1/mail/events", object(told)); !bytes.Contains(answer, []byte(`"recorded":true`)) {
		c.Errorf("%s", answer)
	}
	told["RecordType"], told["Type"] = canaryNonsense, canaryNonsense
	c.asks(http.StatusOK, c.app, http.MethodPost, "/v1/mail/events", object(told))
}

// reads looks at everything as staff do, ends the task, and lets own records end.
func (c *canaryAPI) reads() {
	c.Helper()
	for _, args := range [][]string{
		{"task", "list"},
		{"mail", "list"},
		{"webhook", "list"},
		{"webhook", "deliveries"},
		{"key", "list"},
		{"staff", "list"},
		{"account", "show", c.account},
	} {
		c.says(exitOK, args...)
	}
	tasks := c.asks(http.StatusOK, c.lead, http.MethodGet, "/v1/tasks", "")
	var open struct{ Tasks []struct{ ID string } }
	if err := json.Unmarshal(tasks, &open); err != nil || len(open.Tasks) != 1 {
		c.Fatalf("%s, %v", tasks, err)
	}
	c.asks(http.StatusOK, c.lead, http.MethodPost, "/v1/tasks/"+open.Tasks[0].ID+"/outcome", object(map[string]any{"outcome": "refused"}))
	for _, path := range []string{"/v1/acts", "/v1/access-log", "/v1/mail", "/v1/promises"} {
		c.asks(http.StatusOK, c.lead, http.MethodGet, path, "")
	}
	if _, err := c.ExpireRecords(c.Context()); err != nil {
		c.Error(err)
	}
}

// plantedHere lets a canary into one sink of each kind that only the API and the
// messages have, and fails unless the same search finds it there.
func (c *canaryAPI) plantedHere() {
	c.Helper()
	c.exec(c.StewardURL, `update mail set cause = cause || ' to `+canaryRecipient+`'`)
	if _, err := c.Emit(c.Context(), "planted"); err != nil {
		c.Fatal(err)
	}
	c.exec(c.StewardURL, `update webhook_events set body = '{"to":"`+canaryRecipient+`"}' where cause = 'planted'`)
	c.peace()
	log, err := os.OpenFile(filepath.Join(c.Dir, "worker-api.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = log.WriteString(canaryRecipient + "\n")
		err = cmp.Or(err, log.Close())
	}
	if err != nil {
		c.Fatal(err)
	}
	if _, err := c.Temporal.ExecuteWorkflow(c.Context(), client.StartWorkflowOptions{ID: "planted", TaskQueue: workflows.CoreQueue}, workflows.SendMailName, canaryRecipient); err != nil {
		c.Fatal(err)
	}
	c.written["answer planted"] = []byte(canaryRecipient)
	wanted := []string{"table mail", "table webhook_events", "calls of webhooks", "log of api", "history planted", "pg_dump", "answer planted"}
	eventually(c.T, "hits of what was planted", func() bool {
		hits := strings.Join(hidden.Search(c.everything(), []string{canaryRecipient}), "\n")
		wanted = slices.DeleteFunc(wanted, func(sink string) bool {
			return strings.Contains(hits, " stands in "+sink) || strings.Contains(hits, " stands in "+strings.Replace(sink, "table ", "table public.", 1))
		})
		return len(wanted) == 0
	})
}
