package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/clientaddr"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// guarded is a house whose credentials are real, on a database that it sees as the
// API's role does.
func guarded(t testing.TB) (*house, *credentialtest.Maker) {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		return db
	}

	made := credentialtest.New(t, opened(at), clocks.System().Now())
	h := openHouse(t, opened(pgtest.Member(t, at, "steward_api")))
	verifier := credential.NewVerifier(credential.Options{
		DB: h.db, Clock: h.clock, Address: clientaddr.From, Refused: func(netip.Addr, time.Time) {},
	})
	h.verifier, h.credentialsChanged = verifier, verifier.Forget
	h.service = &service{health: newReadiness(h.process)}

	if err := h.service.open(h.process, h.service.resources(h.process)); err != nil {
		t.Fatal(err)
	}

	h.server.Config.Handler = h.service.handler

	return h, made
}

// listen lets the house know all credentials that there are now, and hear of others.
func (h *house) listen(t testing.TB) {
	t.Helper()

	verifier, ok := h.verifier.(*credential.Verifier)
	if !ok {
		t.Fatal("the credentials are not real")
	}

	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})

	go func() {
		defer close(done)

		verifier.Run(ctx)
	}()

	t.Cleanup(func() {
		cancel()
		<-done
	})

	h.awaitListening(t)
}

// awaitListening waits until the house knows all credentials.
func (h *house) awaitListening(t testing.TB) {
	t.Helper()

	verifier, ok := h.verifier.(*credential.Verifier)
	if !ok {
		t.Fatal("the credentials are not real")
	}

	late := clocks.System().Now().Add(20 * time.Second)

	for !verifier.Listening() {
		if clocks.System().Now().After(late) {
			t.Fatal("the credentials are not known again")
		}

		runtime.Gosched()
	}
}

// operation is one operation of the document.
type operation struct {
	id           access.Operation
	method, path string
}

// operations are those of the document that is served.
func (h *house) operations(t testing.TB) []operation {
	t.Helper()

	var document struct {
		Paths map[string]map[string]struct {
			ID access.Operation `json:"operationId"`
		} `json:"paths"`
	}

	if err := json.Unmarshal(h.service.document, &document); err != nil {
		t.Fatal(err)
	}

	var found []operation

	for path, methods := range document.Paths {
		for method, op := range methods {
			if op.ID != "" {
				found = append(found, operation{id: op.ID, method: strings.ToUpper(method), path: placeholder.ReplaceAllString(path, "x")})
			}
		}
	}

	return found
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// shown is one way to show credentials, and who is known by it.
type shown struct {
	token string
	who   *access.Principal
}

// everyWay are all ways: each role and each scope with credentials that hold, that
// expired, that were revoked; and those that are none.
func everyWay(t testing.TB, made *credentialtest.Maker) map[string]shown {
	t.Helper()

	ways := map[string]shown{
		"missing": {}, "garbage": {token: "x"}, "a look-alike": {token: credential.Make(access.Staff).Reveal()},
		"a scanner's guess": {token: "stw_app_" + strings.Repeat("a", 85)},
	}
	add := func(name string, of func() (access.Principal, string)) {
		who, token := of()
		ways[name] = shown{token: token, who: &who}

		gone, token := of()
		made.Revoke(t, gone)

		ways[name+" revoked"] = shown{token: token}

		late, token := of()
		made.Expire(t, late)

		ways[name+" expired"] = shown{token: token}
	}

	for _, role := range access.Roles() {
		add(string(role), func() (access.Principal, string) { return made.Staff(t, role) })
		add(string(role)+" handed", func() (access.Principal, string) { return made.Handed(t, role) })
	}

	for _, scope := range access.Scopes() {
		add(string(scope), func() (access.Principal, string) { return made.Key(t, scope) })
	}

	return ways
}

// Every operation takes whom the role table names and nobody else, whatever is shown.
func TestEveryOperationTakesWhomTheTableNames(t *testing.T) {
	t.Parallel()

	h, made := guarded(t)
	ways := everyWay(t, made)
	h.listen(t)

	tried := 0

	for _, op := range h.operations(t) {
		rule, known := access.Find(op.id)
		if !known {
			t.Fatalf("%s has no rule", op.id)
		}

		for name, way := range ways {
			// A wrong body, so that who may does nothing.
			answer := h.do(way.token, op.method, op.path, "{")
			tried++

			want := map[access.Verdict]int{access.Forbidden: http.StatusForbidden, access.Unknown: http.StatusUnauthorized, access.Renew: http.StatusForbidden}[access.Decide(rule, way.who)]
			got := answer.status

			if got == http.StatusTooManyRequests { // wrong credentials, slowed down
				got = http.StatusUnauthorized
			}

			if got >= http.StatusInternalServerError {
				t.Errorf("%s with %s: %d %s", op.id, name, answer.status, answer.body)
			}

			if want == 0 && (got == http.StatusForbidden || got == http.StatusUnauthorized) || want != 0 && got != want {
				t.Errorf("%s with %s: %d %s", op.id, name, answer.status, answer.body)
			}
		}
	}

	if want := len(access.Table()) * len(ways); tried != want {
		t.Errorf("%d combinations were tried, not %d", tried, want)
	}

	// Four that are none, and each role, with a token of the own and with a handed one, and each scope: it holds, expired, and was revoked.
	if want := 4 + 3*(2*len(access.Roles())+len(access.Scopes())); len(ways) != want {
		t.Errorf("%d ways, not %d", len(ways), want)
	}
}

// What is wrong with credentials is told to who has the secret, and to nobody else.
func TestWhatACallerIsTold(t *testing.T) {
	t.Parallel()

	h, made := guarded(t)
	late, lateToken := made.Key(t, access.PromisesRead)
	made.Expire(t, late)
	gone, goneToken := made.Staff(t, access.Lead)
	made.Revoke(t, gone)

	for token, want := range map[string]failure.Code{
		"x": failure.CredentialsNeeded, credential.Make(access.App).Reveal(): failure.CredentialsNeeded,
		lateToken: failure.CredentialsExpired, goneToken: failure.CredentialsRevoked,
	} {
		answer := h.do(token, http.MethodGet, "/v1/promises", "")
		if got := answer.problem(t); answer.status != http.StatusUnauthorized || got.Code != want {
			t.Errorf("%d %s", answer.status, answer.body)
		}
	}

	for range 20 {
		h.do(credential.Make(access.App).Reveal(), http.MethodGet, "/v1/promises", "")
	}

	answer := h.do("x", http.MethodGet, "/v1/promises", "")
	if got := answer.problem(t); answer.status != http.StatusTooManyRequests || got.Code != failure.CredentialsSlowed ||
		answer.headers.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", answer.status, answer.headers, answer.body)
	}
}

// made is what the operations that make credentials answer.
type made struct {
	ID, State, Token string
	ExpiresAt        time.Time `json:"expires_at"`
}

// The life of a key through the API: it works when it was made, both while they
// overlap, none once revoked; a repeated request gives the same key again.
func TestKeysThroughTheAPI(t *testing.T) {
	t.Parallel()

	h, maker := guarded(t)
	_, operator := maker.Operator()

	h.listen(t)

	var first, again, second made

	const body = `{"label":"production","scopes":["promises:read"],"days":30}`

	h.do(operator, http.MethodPost, "/v1/keys", body, "Idempotency-Key", "a").into(t, &first)
	h.do(operator, http.MethodPost, "/v1/keys", body, "Idempotency-Key", "a").into(t, &again)

	if first != again || first.State != "holds" || first.ExpiresAt.After(time.Now().Add(31*24*time.Hour)) {
		t.Errorf("%+v, then %+v", first, again)
	}

	h.do(operator, http.MethodPost, "/v1/keys/"+first.ID+"/rotate", `{"overlap_hours":1}`, "Idempotency-Key", "b").into(t, &second)

	for _, key := range []made{first, second} {
		if answer := h.do(key.Token, http.MethodGet, "/v1/promises", ""); answer.status != http.StatusOK {
			t.Errorf("%s", answer.body)
		}

		if answer := h.do(key.Token, http.MethodGet, "/v1/keys", ""); answer.status != http.StatusForbidden {
			t.Errorf("%s", answer.body)
		}

		var ended made

		h.do(operator, http.MethodDelete, "/v1/keys/"+key.ID, "").into(t, &ended)

		if answer := h.do(key.Token, http.MethodGet, "/v1/promises", ""); answer.status != http.StatusUnauthorized || ended.State != "revoked" {
			t.Errorf("%s", answer.body)
		}
	}

	for path, want := range map[string]int{"/v1/keys/key_" + strings.Repeat("a", 26): 404, "/v1/keys/1": 422} {
		if answer := h.do(operator, http.MethodDelete, path, ""); answer.status != want {
			t.Errorf("%s: %d %s", path, answer.status, answer.body)
		}
	}

	for _, wrong := range []string{
		`{"label":"Our App","scopes":["promises:read"]}`, `{"label":"app","scopes":[]}`, `{"label":"app","scopes":["all"]}`,
		`{"label":"app","scopes":["promises:read"],"days":731}`, `{"label":"app","scopes":["promises:read"],"more":1}`,
	} {
		if answer := h.do(operator, http.MethodPost, "/v1/keys", wrong, "Idempotency-Key", "c"); answer.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", wrong, answer.status, answer.body)
		}
	}

	if seen := h.walk(t, operator, "/v1/keys", "keys", 1); seen != 2 {
		t.Errorf("%d keys", seen)
	}
}

// walk reads a list in pages of the given size and counts.
func (h *house) walk(t testing.TB, token, path, member string, limit int) (seen int) {
	t.Helper()

	for cursor := ""; ; {
		var body map[string]json.RawMessage

		h.do(token, http.MethodGet, path+"?limit="+strconv.Itoa(limit)+cursor, "").into(t, &body)

		var items []json.RawMessage

		if err := json.Unmarshal(body[member], &items); err != nil || len(items) > limit {
			t.Fatalf("%s, %v", body[member], err)
		}

		seen += len(items)
		if body["next_cursor"] == nil {
			return seen
		}

		cursor = "&cursor=" + strings.Trim(string(body["next_cursor"]), `"`)
	}
}

// Staff through the API: added, promoted, rotated by themselves, ended; each an act
// that a lead can read.
func TestStaffThroughTheAPI(t *testing.T) {
	t.Parallel()

	h, maker := guarded(t)
	who, operator := maker.Operator()

	h.listen(t)

	var first, own made

	h.do(operator, http.MethodPost, "/v1/staff", `{"handle":"support-2","role":"support"}`, "Idempotency-Key", "a").into(t, &first)

	if answer := h.do(first.Token, http.MethodGet, "/v1/acts", ""); answer.status != http.StatusForbidden {
		t.Errorf("%s", answer.body)
	}

	h.do(operator, http.MethodPatch, "/v1/staff/"+first.ID, `{"role":"lead"}`).into(t, &made{})

	// Whoever made the token could do this as somebody else.
	if answer := h.do(first.Token, http.MethodGet, "/v1/acts", ""); answer.status != http.StatusForbidden || !strings.Contains(string(answer.body), string(failure.TokenHanded)) {
		t.Errorf("%s", answer.body)
	}

	h.do(first.Token, http.MethodPost, "/v1/me/tokens", `{"overlap_hours":24}`, "Idempotency-Key", "b").into(t, &own)

	if answer := h.do(first.Token, http.MethodGet, "/v1/me", ""); answer.status != http.StatusUnauthorized {
		t.Errorf("%s", answer.body)
	}

	// The answer may have been lost: the token that asked asks again, and holds for minutes.
	var next, again made

	for _, answer := range []*made{&next, &again} {
		h.do(own.Token, http.MethodPost, "/v1/me/tokens", `{"overlap_hours":0}`, "Idempotency-Key", "e").into(t, answer)
	}

	if again.Token != next.Token || next.Token == "" || next.Token == own.Token {
		t.Errorf("%+v, then %+v", next, again)
	}

	var old struct {
		ExpiresAt time.Time `json:"expires_at"`
	}

	h.do(own.Token, http.MethodGet, "/v1/me", "").into(t, &old)

	own = next

	if left := time.Until(old.ExpiresAt); left > credential.RotationGrace || left < credential.RotationGrace/2 {
		t.Errorf("the token that asked holds for %s", left)
	}

	var me struct{ ID, Handle, Role, Token string }

	h.do(own.Token, http.MethodGet, "/v1/me", "").into(t, &me)

	if me.ID != first.ID || me.Handle != "support-2" || me.Role != "lead" || !strings.Contains(own.Token, strings.TrimPrefix(me.Token, "tok_")) {
		t.Errorf("%+v", me)
	}

	if seen := h.walk(t, own.Token, "/v1/acts", "acts", 2); seen != 4 {
		t.Errorf("%d acts", seen)
	}

	for id, want := range map[string]int{who.ID: http.StatusForbidden, "stf_" + strings.Repeat("a", 26): http.StatusNotFound} {
		if answer := h.do(operator, http.MethodDelete, "/v1/staff/"+id, ""); answer.status != want {
			t.Errorf("%d %s", answer.status, answer.body)
		}
	}

	var anew made

	h.do(operator, http.MethodPost, "/v1/staff/"+first.ID+"/tokens", `{}`, "Idempotency-Key", "c").into(t, &anew)
	h.do(operator, http.MethodDelete, "/v1/staff/"+first.ID, "").into(t, &made{})

	for _, token := range []string{own.Token, anew.Token} {
		if answer := h.do(token, http.MethodGet, "/v1/me", ""); answer.status != http.StatusUnauthorized {
			t.Errorf("%s", answer.body)
		}
	}

	if answer := h.do(operator, http.MethodPost, "/v1/staff/"+first.ID+"/tokens", `{}`, "Idempotency-Key", "d"); answer.status != http.StatusConflict {
		t.Errorf("%s", answer.body)
	}

	if seen := h.walk(t, operator, "/v1/staff", "staff", 1); seen != 2 {
		t.Errorf("%d members", seen)
	}
}

// A lead reads who looked at whose data.
func TestLooksThroughTheAPI(t *testing.T) {
	t.Parallel()

	h, maker := guarded(t)
	support, _ := maker.Staff(t, access.Support)
	_, lead := maker.Staff(t, access.Lead)

	for _, subject := range []string{"42", "42", "43"} {
		err := accesslog.Look(access.With(context.WithoutCancel(t.Context()), support), h.db, "get-account", subject, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
	}

	for path, want := range map[string]int{"/v1/access-log": 3} {
		if seen := h.walk(t, lead, path, "looks", 2); seen != want {
			t.Errorf("%s: %d", path, seen)
		}
	}

	var body struct {
		Looks []struct{ Subject, Staff string }
	}

	h.do(lead, http.MethodGet, "/v1/access-log?subject=43", "").into(t, &body)

	if len(body.Looks) != 1 || body.Looks[0].Subject != "43" || body.Looks[0].Staff != support.ID {
		t.Errorf("%+v", body)
	}
}
