package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ownrecords"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

const keep = 30 * 24 * time.Hour

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.now = c.now.Add(d)
}

// app receives webhooks.
type app struct {
	*httptest.Server

	mu       sync.Mutex
	received []received      // owned by mu
	answer   func(n int) int // owned by mu; the status of the nth call, from 1
	hang     <-chan struct{} // owned by mu; calls wait for it
	header   http.Header     // owned by mu; of the answers
}

type received struct {
	id, timestamp, signature, body string
}

func newApp(t *testing.T) *app {
	t.Helper()

	a := &app{answer: func(int) int { return http.StatusNoContent }, header: http.Header{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)

	return a
}

// ServeHTTP implements http.Handler.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}

	a.mu.Lock()
	a.received = append(a.received, received{
		r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), string(body),
	})
	status, hang := a.answer(len(a.received)), a.hang

	maps.Copy(w.Header(), a.header)
	a.mu.Unlock()

	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}

	w.WriteHeader(status)
}

func (a *app) got() []received {
	a.mu.Lock()
	defer a.mu.Unlock()

	return append([]received(nil), a.received...)
}

// world is a database with endpoints.
type world struct {
	db        *postgres.DB
	clock     *clock
	keeper    casekey.Keeper
	deliverer webhook.Deliverer
}

func newWorld(t *testing.T) *world {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	transport := publicnet.Transport(dev())
	t.Cleanup(transport.CloseIdleConnections)

	w := &world{
		db: pgtest.OpenSteward(t), clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, keeper: casekey.Keeper{Master: master},
	}
	w.deliverer = webhook.Deliverer{Steward: w.db, Keeper: w.keeper, Transport: faults.Transport{Base: transport}, Clock: w.clock}

	return w
}

func dev() publicnet.Rule { return publicnet.Rule{Loopback: true} }

func (w *world) endpoint(t *testing.T, url string, types ...webhook.Type) (id, secret string) {
	t.Helper()

	err := w.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		id, secret, err = webhook.Create(ctx, tx, w.keeper,
			webhook.Wanted{URL: url, Types: types, Description: "the app", CreatedBy: "stf_a"}, dev(), w.clock.Now())

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return id, secret
}

func (w *world) emit(t *testing.T, cause string) string {
	t.Helper()

	id, err := webhook.Emit(t.Context(), w.db, webhook.Event{
		Cause: cause, At: w.clock.Now(), Data: webhook.Promise{Promise: "backups", Item: "app", State: "broken", Since: w.clock.Now()},
	}, keep)
	if err != nil && (!errors.Is(err, webhook.ErrNobody) || id != "") {
		t.Fatal(err)
	}

	return id
}

func (w *world) deliver(t *testing.T) webhook.Result {
	t.Helper()

	result, err := w.deliverer.DeliverDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	return result
}

func (w *world) state(t *testing.T, event string) (state, code string, tries int) {
	t.Helper()

	if err := w.db.QueryRow(t.Context(), `select state, code, tries from webhook_deliveries where event = $1`, event).
		Scan(&state, &code, &tries); err != nil {
		t.Fatal(err)
	}

	return state, code, tries
}

func TestAnEventArrivesSigned(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	_, secret := w.endpoint(t, receiver.URL)
	id := w.emit(t, "x")

	if again := w.emit(t, "x"); again != id {
		t.Errorf("the same cause made %s and %s", id, again)
	}

	if got := w.deliver(t); got != (webhook.Result{Endpoints: 1, Delivered: 1}) {
		t.Errorf("%+v", got)
	}

	got := receiver.got()
	if len(got) != 1 || got[0].id != id || got[0].timestamp != strconv.FormatInt(w.clock.Now().Unix(), 10) {
		t.Fatalf("%+v", got)
	}

	want, err := webhook.Sign(secret, id, w.clock.Now(), []byte(got[0].body))
	if err != nil || got[0].signature != want {
		t.Errorf("%s, want %s, %v", got[0].signature, want, err)
	}

	var event struct {
		Type      string
		Timestamp time.Time
		Data      map[string]string
	}
	if err := json.Unmarshal([]byte(got[0].body), &event); err != nil || event.Type != "promise.broken" || event.Data["promise"] != "backups" ||
		!event.Timestamp.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", event, err)
	}

	if got := w.deliver(t); got != (webhook.Result{}) {
		t.Errorf("again: %+v", got)
	}
}

// TestSignatureIsThatOfTheSpecification compares with the vector of the reference
// libraries of Standard Webhooks.
func TestSignatureIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()

	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, want %s, %v", got, want, err)
	}

	for _, bad := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!"} {
		if _, err := webhook.Sign(bad, "a", time.Unix(0, 0), nil); !failure.Is(err, failure.CaseKeyWrong) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOnlyWhoWantsAnEventGetsIt(t *testing.T) {
	t.Parallel()

	w, all, some := newWorld(t), newApp(t), newApp(t)

	if id := w.emit(t, "before"); id != "" {
		t.Errorf("an event that nobody wants was kept: %s", id)
	}

	w.endpoint(t, all.URL)
	w.endpoint(t, some.URL, webhook.TaskOverdue)
	w.emit(t, "x")

	if got := w.deliver(t); got.Delivered != 1 || len(all.got()) != 1 || len(some.got()) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestOneEndpointDoesNotSlowAnother has one that hangs until the end of the test.
func TestOneEndpointDoesNotSlowAnother(t *testing.T) {
	t.Parallel()

	w, slow, quick := newWorld(t), newApp(t), newApp(t)
	release := make(chan struct{})
	slow.hang = release

	w.endpoint(t, slow.URL)
	w.endpoint(t, quick.URL)

	const events = 20
	for i := range events {
		w.emit(t, strconv.Itoa(i))
	}

	passed := make(chan webhook.Result, 1)

	var all sync.WaitGroup

	all.Go(func() {
		result, err := w.deliverer.DeliverDue(t.Context())
		if err != nil {
			t.Error(err)
		}

		passed <- result
	})

	// The quick one has everything while the slow one still has its first call.
	for len(quick.got()) < events {
		select {
		case result := <-passed:
			t.Fatalf("the pass is over: %+v", result)
		case <-time.After(time.Millisecond):
		}
	}

	if got := len(slow.got()); got > 1 {
		t.Errorf("the slow one was called %d times", got)
	}

	close(release)
	all.Wait()

	if result := <-passed; result.Delivered != 2*events {
		t.Errorf("%+v", result)
	}
}

// TestAnEndpointThatCannotBeOpenedFailsAlone: a key that is gone, or another master key
// in an old backup, is that endpoint's own trouble.
func TestAnEndpointThatCannotBeOpenedFailsAlone(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	gone, _ := w.endpoint(t, receiver.URL)
	wrong, _ := w.endpoint(t, receiver.URL)
	w.endpoint(t, receiver.URL)
	w.emit(t, "x")

	if err := casekey.Shred(t.Context(), w.db, gone); err != nil {
		t.Fatal(err)
	}

	if _, err := w.db.Exec(t.Context(), `update webhook_endpoints set secret = '' where id = $1`, wrong); err != nil {
		t.Fatal(err)
	}

	if got := w.deliver(t); got != (webhook.Result{Endpoints: 3, Delivered: 1, Deferred: 2}) {
		t.Errorf("%+v", got)
	}

	for endpoint, want := range map[string]failure.Code{gone: failure.CaseKeyGone, wrong: failure.CaseKeyWrong} {
		found, err := webhook.Deliveries(t.Context(), w.db, endpoint, page.Place{}, 1)
		if err != nil || len(found) != 1 || found[0].Code != want || found[0].State != "waiting" {
			t.Errorf("%+v, %v, want %s", found, err, want)
		}
	}
}

// TestItIsTriedForThreeDays follows one delivery whose endpoint is down, to its end.
func TestItIsTriedForThreeDays(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(int) int { return http.StatusServiceUnavailable }

	w.endpoint(t, receiver.URL)
	id := w.emit(t, "x")
	began := w.clock.Now()

	for {
		w.deliver(t)

		state, code, _ := w.state(t, id)
		if code != string(failure.WebhookAnswer) {
			t.Fatalf("code %q", code)
		}

		if state != "waiting" {
			break
		}

		w.clock.add(time.Minute)
	}

	tried := receiver.got()
	for _, each := range tried {
		if each.id != id || each.body != tried[0].body {
			t.Errorf("another id or body: %+v", each)
		}
	}

	if took := w.clock.Now().Sub(began); len(tried) != 10 || took < 75*time.Hour || took > 85*time.Hour {
		t.Errorf("%d tries in %s", len(tried), took)
	}

	// A person can have it tried again.
	receiver.answer = func(int) int { return http.StatusOK }

	var delivery string
	if err := w.db.QueryRow(t.Context(), `select id from webhook_deliveries`).Scan(&delivery); err != nil {
		t.Fatal(err)
	}

	if err := webhook.Retry(t.Context(), w.db, delivery, w.clock.Now()); err != nil {
		t.Fatal(err)
	}

	if got := w.deliver(t); got.Delivered != 1 {
		t.Errorf("%+v", got)
	}

	for _, unknown := range []string{delivery, "whd_nothing"} {
		if err := webhook.Retry(t.Context(), w.db, unknown, w.clock.Now()); !failure.Is(err, failure.UnknownDelivery) {
			t.Errorf("%s: %v", unknown, err)
		}
	}
}

func TestWhatIsNoSuccess(t *testing.T) {
	t.Parallel()

	for status, want := range map[int]failure.Code{301: failure.WebhookAnswer, 307: failure.WebhookAnswer, 404: failure.WebhookAnswer, 410: failure.WebhookGone, 500: failure.WebhookAnswer} {
		w, receiver := newWorld(t), newApp(t)
		receiver.answer, receiver.header = func(int) int { return status }, http.Header{"Location": {receiver.URL + "/elsewhere"}}

		endpoint, _ := w.endpoint(t, receiver.URL)
		id := w.emit(t, "x")
		w.deliver(t)

		state, code, _ := w.state(t, id)
		if code != string(want) || len(receiver.got()) != 1 || state != "waiting" {
			t.Errorf("%d: %s, %s, %d calls", status, state, code, len(receiver.got()))
		}

		found, err := webhook.List(t.Context(), w.db)
		if err != nil || len(found) != 1 || found[0].ID != endpoint || !found[0].DisabledAt.IsZero() {
			t.Errorf("%d: %+v, %v", status, found, err)
		}
	}
}

// TestGoneForHoursIsGone: one 410 of a wrong deployment disables nothing, hours of them
// do, and whoever asks for a retry says that the endpoint is there again.
func TestGoneForHoursIsGone(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(n int) int { return map[bool]int{true: http.StatusOK, false: http.StatusGone}[n == 2] }

	w.endpoint(t, receiver.URL)
	first := w.emit(t, "x")
	w.deliver(t)
	w.clock.add(7 * time.Hour)
	w.deliver(t)

	if state, _, _ := w.state(t, first); state != "delivered" {
		t.Errorf("%s after an answer of 200", state)
	}

	id := w.emit(t, "y")
	began := w.clock.Now()

	for state := "waiting"; state == "waiting"; state, _, _ = w.state(t, id) {
		w.deliver(t)
		w.clock.add(time.Minute)
	}

	found, err := webhook.List(t.Context(), w.db)
	if took := w.clock.Now().Sub(began); err != nil || found[0].DisabledAt.IsZero() || found[0].Reason != failure.WebhookGone || took < 6*time.Hour || took > 9*time.Hour {
		t.Errorf("%+v after %s, %v", found, took, err)
	}

	if id := w.emit(t, "z"); id != "" {
		t.Errorf("an event for an endpoint that is gone: %s", id)
	}

	receiver.answer = func(int) int { return http.StatusOK }
	w.retry(t, id)

	if got := w.deliver(t); got.Delivered != 1 {
		t.Errorf("%+v", got)
	}

	if found, err := webhook.List(t.Context(), w.db); err != nil || !found[0].DisabledAt.IsZero() || found[0].Reason != "" {
		t.Errorf("%+v, %v", found, err)
	}
}

// retry has the delivery of an event tried again.
func (w *world) retry(t *testing.T, event string) {
	t.Helper()

	var delivery string
	if err := w.db.QueryRow(t.Context(), `select id from webhook_deliveries where event = $1`, event).Scan(&delivery); err != nil {
		t.Fatal(err)
	}

	if err := webhook.Retry(t.Context(), w.db, delivery, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
}

// TestALateRetryLasts: what is tried again right before its end has all its tries.
func TestALateRetryLasts(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(int) int { return http.StatusServiceUnavailable }

	w.endpoint(t, receiver.URL)
	id := w.emit(t, "x")

	w.deliver(t)
	w.clock.add(keep - time.Minute)
	w.retry(t, id)

	for range 4 {
		if _, err := ownrecords.Expire(t.Context(), w.db, w.clock.Now(), func(int64) {}); err != nil {
			t.Fatal(err)
		}

		w.deliver(t)
		w.clock.add(20 * time.Hour)
	}

	if state, _, tries := w.state(t, id); state != "waiting" || tries < 3 {
		t.Errorf("%s, %d tries", state, tries)
	}
}

// TestNoRetryWhileItIsTried: the try that is under way must still be able to say how it
// went.
func TestNoRetryWhileItIsTried(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	w.endpoint(t, receiver.URL)
	id := w.emit(t, "x")

	receiver.answer = func(int) int {
		var delivery string
		if err := w.db.QueryRow(t.Context(), `select id from webhook_deliveries`).Scan(&delivery); err != nil {
			t.Error(err)
		}

		if err := webhook.Retry(t.Context(), w.db, delivery, w.clock.Now()); !failure.Is(err, failure.DeliveryBusy) {
			t.Error(err)
		}

		return http.StatusOK
	}

	w.deliver(t)

	if state, _, tries := w.state(t, id); state != "delivered" || tries != 1 {
		t.Errorf("%s, %d tries", state, tries)
	}
}

// An address that turned out to be a private one is not called.
func TestAPrivateAddressIsNotCalled(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	w.endpoint(t, receiver.URL)
	id := w.emit(t, "x")

	transport := publicnet.Transport(publicnet.Rule{})
	defer transport.CloseIdleConnections()

	w.deliverer.Transport = transport
	w.deliver(t)

	if state, code, _ := w.state(t, id); state != "waiting" || code != string(failure.WebhookURLRefused) || len(receiver.got()) != 0 {
		t.Errorf("%s, %s, %d calls", state, code, len(receiver.got()))
	}
}

// TestEveryFailingCall fails each statement and each request of a pass once, before and
// after its effect: the event arrives, and each copy has its id.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	w.endpoint(t, receiver.URL)
	w.emit(t, "clean")

	counter := &faults.Counter{}
	if _, err := w.deliverer.DeliverDue(faults.With(t.Context(), counter)); err != nil {
		t.Fatal(err)
	}

	points, twice := len(counter.Calls()), 0
	if points < 6 {
		t.Fatalf("%+v", counter.Calls())
	}

	for n := 1; n <= points; n++ {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			fault := &faults.Counter{N: n, Mode: mode}
			id := w.emit(t, string(mode)+strconv.Itoa(n))

			for range 3 {
				// It may fail: that is what is tried.
				_, _ = w.deliverer.DeliverDue(faults.With(t.Context(), fault))

				w.clock.add(time.Hour)
			}

			copies := 0

			for _, each := range receiver.got() {
				if each.id == id {
					copies++
				}
			}

			if state, _, _ := w.state(t, id); state != "delivered" || copies < 1 || copies > 2 || !fault.Reached() {
				t.Errorf("call %d, %s: %s, %d copies", n, mode, state, copies)
			}

			twice += copies - 1
		}
	}

	t.Logf("points=%d runs=%d twice=%d", points, 2*points, twice)
}

func TestCheckURL(t *testing.T) {
	t.Parallel()

	for text, want := range map[string][2]bool{ // in production, in dev
		"https://hooks.example.com/x?y=z": {true, true}, "https://example.com:8443/": {true, true}, "https://8.8.8.8/": {true, true},
		"http://hooks.example.com/": {false, false}, "https://user:word@example.com/": {false, false}, "https://example.com/#x": {false, false},
		"http://127.0.0.1:8080/": {false, true}, "https://localhost/": {false, true}, "http://[::1]/": {false, true},
		"https://10.0.0.1/": {false, false}, "https://169.254.169.254/latest": {false, false}, "https://[::ffff:10.0.0.1]/": {false, false},
		"https://db/": {false, false}, "https://db.internal/": {false, false}, "https://printer.local./": {false, false},
		"https://2130706433/": {false, false}, "https://0x7f.0.0.1/": {false, false}, "https://127.1/": {false, false},
		"ftp://example.com/": {false, false}, "https:///x": {false, false}, "": {false, false}, "https://e\x00.com/": {false, false},
		"https://example.com/" + strings.Repeat("a", 2000): {false, false},
	} {
		for i, rule := range []publicnet.Rule{{}, dev()} {
			err := webhook.CheckURL(text, rule)
			if (err == nil) != want[i] || err != nil && (!failure.Is(err, failure.WebhookURLRefused) || strings.Contains(err.Error(), "word")) {
				t.Errorf("%.60s, dev %v: %v", text, rule.Loopback, err)
			}
		}
	}
}

func TestEndpointsAreSealedBoundedAndShredded(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	var last string
	for range webhook.MaxEndpoints {
		last, _ = w.endpoint(t, "https://hooks.example.com/secret-path")
	}

	_, _, err := webhook.Create(t.Context(), w.db, w.keeper, webhook.Wanted{URL: "https://hooks.example.com/", CreatedBy: "stf_a"}, dev(), w.clock.Now())
	if !failure.Is(err, failure.TooManyEndpoints) {
		t.Error(err)
	}

	var plain bool
	if err := w.db.QueryRow(t.Context(), `select exists (select from webhook_endpoints where position('secret-path'::bytea in url) > 0
		or position('whsec'::bytea in secret) > 0)`).Scan(&plain); err != nil || plain {
		t.Errorf("%v, %v", plain, err)
	}

	if err := webhook.Delete(t.Context(), w.db, last); err != nil {
		t.Error(err)
	}

	if _, err := w.keeper.Open(t.Context(), w.db, last); !failure.Is(err, failure.CaseKeyGone) {
		t.Error(err)
	}

	if err := webhook.Delete(t.Context(), w.db, last); !failure.Is(err, failure.UnknownEndpoint) {
		t.Error(err)
	}

	if _, _, err := webhook.Create(t.Context(), w.db, casekey.Keeper{}, webhook.Wanted{}, dev(), w.clock.Now()); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

func TestNextTry(t *testing.T) {
	t.Parallel()

	var sum time.Duration

	for try := 1; ; try++ {
		wait, again := webhook.NextTry("whd_a", try)
		if !again {
			break
		}

		if other, _ := webhook.NextTry("whd_a", try); other != wait {
			t.Error("the same try has another wait")
		}

		sum += wait
	}

	if sum < 272135*time.Second || sum > 272135*time.Second*11/10 {
		t.Errorf("tried for %s", sum)
	}

	if _, again := webhook.NextTry("whd_a", 0); again {
		t.Error("there is no try 0")
	}
}

func TestEveryDataHasItsType(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	w.endpoint(t, receiver.URL)

	all := []webhook.Data{
		webhook.Promise{State: "at_risk"},
		webhook.Promise{State: "broken"},
		webhook.Task{Task: "tsk"},
		webhook.Erasure{Happened: webhook.ErasureAnswered},
		webhook.Erasure{Happened: webhook.ErasureDone},
		webhook.Erasure{Happened: webhook.ErasureBlocked},
		webhook.Erasure{Happened: webhook.ErasureCancelled},
	}
	for i, data := range all {
		if _, err := webhook.Emit(t.Context(), w.db, webhook.Event{Cause: strconv.Itoa(i), At: w.clock.Now().Add(time.Duration(i) * time.Millisecond), Data: data}, keep); err != nil {
			t.Fatal(err)
		}
	}

	w.clock.add(time.Second)
	w.deliver(t)

	got := receiver.got()
	if len(got) != len(webhook.Types()) {
		t.Fatalf("%d events", len(got))
	}

	for i, want := range webhook.Types() {
		if !strings.Contains(got[i].body, `"type":"`+string(want)+`"`) {
			t.Errorf("%s is not %s", got[i].body, want)
		}
	}
}
