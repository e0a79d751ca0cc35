package outbox_test

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/killtest"
	"steward/internal/letter"
	"steward/internal/mail/mailtest"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) {
	if killtest.Is() {
		os.Exit(killtest.Work(send))
	}

	pgtest.Main(m)
}

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

// world is an outbox with a mail server.
type world struct {
	db     *postgres.DB
	clock  *clock
	box    outbox.Box
	server *mailtest.Server
	sender outbox.Sender
}

func newWorld(t *testing.T) *world {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	w := &world{
		db: pgtest.OpenSteward(t), clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
		server: mailtest.Start(t, mailtest.Options{}),
	}
	keeper, from := casekey.Keeper{Master: master}, netmail.Address{Name: "Popkit", Address: "privacy@popkit.example"}
	w.box = outbox.Box{Keeper: keeper, From: from, GiveUp: 72 * time.Hour, Keep: 30 * 24 * time.Hour}
	w.sender = outbox.Sender{Steward: w.db, Keeper: keeper, Server: w.server.Address(t), From: from, Clock: w.clock}

	return w
}

// put queues a test letter in a transaction of its own.
func (w *world) put(t *testing.T, cause string) string {
	t.Helper()

	var id string

	err := w.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		id, err = w.box.Put(ctx, tx, outbox.Mail{
			Cause: cause, To: "ada@example.com", Language: letter.French, Letter: letter.Test{Company: "Popkit", At: w.clock.Now()},
		}, w.clock.Now())

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return id
}

func (w *world) send(t *testing.T) outbox.Result {
	t.Helper()

	result, err := w.sender.SendDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	return result
}

func (w *world) state(t *testing.T, id string) outbox.State {
	t.Helper()

	var state string
	if err := w.db.QueryRow(t.Context(), `select state from mail where id = $1`, id).Scan(&state); err != nil {
		t.Fatal(err)
	}

	return outbox.State(state)
}

func TestAMailOfACommittedTransactionIsSentOnce(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "dsr/1/received")

	if again := w.put(t, "dsr/1/received"); again != id {
		t.Errorf("the same cause made %s and %s", id, again)
	}

	other := w.put(t, "dsr/2/received")

	if got := w.send(t); got != (outbox.Result{Accepted: 2}) {
		t.Errorf("%+v", got)
	}

	if got := w.send(t); got != (outbox.Result{}) {
		t.Errorf("again: %+v", got)
	}

	got := w.server.Received()
	if len(got) != 2 || got[0].To != "ada@example.com" || got[0].MessageID == got[1].MessageID {
		t.Fatalf("%+v", got)
	}

	if !strings.HasPrefix(got[0].MessageID, "mail_") || !strings.HasSuffix(got[0].MessageID, "@popkit.example") ||
		!strings.Contains(got[0].Content, "Un essai de courrier") {
		t.Errorf("%+v", got[0])
	}

	if w.state(t, id) != outbox.Accepted || w.state(t, other) != outbox.Accepted {
		t.Error("not accepted")
	}
}

func TestAMailOfATransactionThatFailedIsNone(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	full := errors.New("the business failed")

	err := w.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := w.box.Put(ctx, tx, outbox.Mail{
			Cause: "x", To: "ada@example.com", Language: letter.English, Letter: letter.Test{Company: "Popkit"},
		}, w.clock.Now())

		return errors.Join(err, full)
	})
	if !errors.Is(err, full) {
		t.Fatal(err)
	}

	if got := w.send(t); got != (outbox.Result{}) || len(w.server.Received()) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhatCannotStandInAMailIsRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	good := outbox.Mail{Cause: "x", To: "ada@example.com", Language: letter.English, Letter: letter.Test{Company: "Popkit"}}

	for name, spoil := range map[string]func(*outbox.Mail){
		"address":  func(m *outbox.Mail) { m.To = "ada@example.com\r\nRCPT TO:<eve@example.com>" },
		"language": func(m *outbox.Mail) { m.Language = "de" },
		"value":    func(m *outbox.Mail) { m.Letter = letter.Test{Company: "Pop\nkit"} },
	} {
		bad := good
		spoil(&bad)

		if _, err := w.box.Put(t.Context(), w.db, bad, w.clock.Now()); !failure.Is(err, failure.LetterInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	w.box.Keeper = casekey.Keeper{}
	if _, err := w.box.Put(t.Context(), w.db, good, w.clock.Now()); !failure.Is(err, failure.ConfigInvalid) {
		t.Errorf("without a master key: %v", err)
	}
}

// Nothing in the row tells who is written to or what is said.
func TestTheOutboxIsSealed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.put(t, "x")

	var row, key string
	if err := w.db.QueryRow(t.Context(), `select mail::text, case_keys::text from mail join case_keys on case_id = mail.id`).
		Scan(&row, &key); err != nil {
		t.Fatal(err)
	}

	var plain bool
	if err := w.db.QueryRow(t.Context(), `select exists (select from mail where position('ada@'::bytea in recipient) > 0
		or position('Popkit'::bytea in content) > 0)`).Scan(&plain); err != nil || plain {
		t.Errorf("%v, %v", plain, err)
	}

	// Bytes are shown in hexadecimal, which may spell a short name by chance.
	if strings.Contains(row+key, "ada@") || strings.Contains(row+key, "Popkit") {
		t.Error(row)
	}
}

func TestAServerThatSaysLaterIsAskedLater(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("rcpt", "450 greylisted", "450 greylisted")

	if got := w.send(t); got != (outbox.Result{Deferred: 1, Waiting: 1}) {
		t.Errorf("%+v", got)
	}

	if got := w.send(t); got != (outbox.Result{Waiting: 1}) {
		t.Errorf("before its time: %+v", got)
	}

	w.clock.add(time.Minute)

	if got := w.send(t); got.Deferred != 1 {
		t.Errorf("%+v", got)
	}

	w.clock.add(5 * time.Minute)

	if got := w.send(t); got.Accepted != 1 || w.state(t, id) != outbox.Accepted {
		t.Errorf("%+v", got)
	}
}

func TestAMailIsGivenUpAtItsTime(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")

	for range 40 {
		w.server.Script("rcpt", "450 greylisted")
	}

	for w.state(t, id) == outbox.Waiting {
		w.send(t)
		w.clock.add(4 * time.Hour)
	}

	if got := w.state(t, id); got != outbox.GivenUp || len(w.server.Received()) != 0 {
		t.Error(got)
	}
}

func TestARefusedMailIsNotTriedAgain(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("rcpt", "550 nobody")

	if got := w.send(t); got != (outbox.Result{Refused: 1}) || w.state(t, id) != outbox.Refused {
		t.Errorf("%+v, %s", got, w.state(t, id))
	}
}

func TestAServerThatIsAwayCostsNoTry(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("greeting", mailtest.Drop)

	if _, err := w.sender.SendDue(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	if got := w.send(t); got.Accepted != 1 || w.state(t, id) != outbox.Accepted {
		t.Errorf("%+v", got)
	}
}

// TestASenderThatIsRefusedCostsNoTry: the same answer comes for every mail until
// somebody mends the configuration, so the pass fails and says so.
func TestASenderThatIsRefusedCostsNoTry(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("mail", "550 not from here", "553 not from here")

	for range 2 {
		if result, err := w.sender.SendDue(t.Context()); !failure.Is(err, failure.MailServerRefused) || result != (outbox.Result{}) {
			t.Errorf("%+v, %v", result, err)
		}

		var tries, reply int
		if err := w.db.QueryRow(t.Context(), `select tries, reply from mail where id = $1 and state = 'waiting' and claimed_until is null
			and next_at = queued_at and code = 'mail_server_refused'`, id).Scan(&tries, &reply); err != nil || tries != 0 || reply < 550 {
			t.Errorf("%d tries, reply %d, %v", tries, reply, err)
		}
	}

	if got := w.send(t); got != (outbox.Result{Accepted: 1}) {
		t.Errorf("%+v", got)
	}
}

// TestALoginThatIsMissingCostsNoMail: a server that asks for a login, at whatever step,
// says nothing about the mail. Every mail keeps its try, and counts as handed over to
// nobody, until somebody mends the login.
func TestALoginThatIsMissingCostsNoMail(t *testing.T) {
	t.Parallel()

	for _, step := range []string{"rcpt", "data", "end"} {
		w := newWorld(t)
		w.put(t, "x")
		w.put(t, "y")
		w.server.Script(step, "530 authentication required", "535 authentication failed")

		for range 2 {
			if result, err := w.sender.SendDue(t.Context()); !failure.Is(err, failure.MailServerRefused) || result != (outbox.Result{}) {
				t.Errorf("%s: %+v, %v", step, result, err)
			}

			var untouched int
			if err := w.db.QueryRow(t.Context(), `select count(*) from mail where state = 'waiting' and tries = 0 and claimed_until is null
				and handed = '{}'`).Scan(&untouched); err != nil || untouched != 2 {
				t.Errorf("%s: %d mails of 2 are as they were, %v", step, untouched, err)
			}
		}

		w.clock.add(5 * time.Minute)

		if got := w.send(t); got != (outbox.Result{Accepted: 2}) || len(w.server.Received()) != 2 {
			t.Errorf("%s: %+v, %d arrived", step, got, len(w.server.Received()))
		}
	}
}

// TestALoginForOneMailLetsOthersGoFirst: a relay may want a login for foreign recipients
// only. Such a mail is tried again later, without a try of its own spent on it; what came
// behind it, such as an alert to the own house, goes with the next pass. One whose sender
// is not taken keeps its place, since every mail has that sender.
func TestALoginForOneMailLetsOthersGoFirst(t *testing.T) {
	t.Parallel()

	for _, step := range []string{"rcpt", "data", "end"} {
		w := newWorld(t)
		foreign := w.put(t, "x")

		w.clock.add(time.Second)

		local := w.put(t, "y")

		w.server.Script(step, "530 authentication required")

		if _, err := w.sender.SendDue(t.Context()); !failure.Is(err, failure.MailServerRefused) {
			t.Errorf("%s: %v", step, err)
		}

		if got := w.send(t); got != (outbox.Result{Accepted: 1, Waiting: 1}) || w.state(t, local) != outbox.Accepted {
			t.Errorf("%s: %+v, the other is %s", step, got, w.state(t, local))
		}

		var same bool
		if err := w.db.QueryRow(t.Context(), `select tries = 0 and handed = '{}' and claimed_until is null and reply = 530
			and give_up_at = queued_at + interval '72 hours' from mail where id = $1`, foreign).Scan(&same); err != nil || !same {
			t.Errorf("%s: it is not as it was, %v", step, err)
		}

		w.clock.add(5 * time.Minute)

		if got := w.send(t); got != (outbox.Result{Accepted: 1}) || w.state(t, foreign) != outbox.Accepted {
			t.Errorf("%s: %+v", step, got)
		}
	}
}

// A mail whose key is destroyed cannot be sent, and does not hold up the others.
func TestAShreddedMailIsRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id, other := w.put(t, "x"), w.put(t, "y")

	if err := casekey.Shred(t.Context(), w.db, id); err != nil {
		t.Fatal(err)
	}

	if got := w.send(t); got.Refused != 1 || got.Accepted != 1 || w.state(t, other) != outbox.Accepted {
		t.Errorf("%+v", got)
	}
}

// TestAtMostOneCopyMore loses the connection after the server took the mail, again
// and again: it is sent twice at most, with one Message-ID, and then called uncertain.
func TestAtMostOneCopyMore(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("end", mailtest.DropAfter, mailtest.DropAfter, mailtest.DropAfter)

	for range 10 {
		w.send(t)
		w.clock.add(time.Hour)
	}

	got := w.server.Received()
	if len(got) != 2 || got[0].MessageID != got[1].MessageID || w.state(t, id) != outbox.Uncertain {
		t.Errorf("%d copies, %s", len(got), w.state(t, id))
	}
}

// TestHandedOverOnceIsNotGivenUp: the server may have had it the first time, so nobody
// may say later that no server took it.
func TestHandedOverOnceIsNotGivenUp(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	id := w.put(t, "x")
	w.server.Script("end", mailtest.DropAfter)
	w.send(t)
	w.server.Script("rcpt", slices.Repeat([]string{"450 greylisted"}, 40)...)

	var last outbox.Result

	for w.state(t, id) == outbox.Waiting {
		w.clock.add(4 * time.Hour)

		last = w.send(t)
	}

	if got := w.state(t, id); got != outbox.Uncertain || last != (outbox.Result{Uncertain: 1}) || len(w.server.Received()) != 1 {
		t.Errorf("%s, %+v", got, last)
	}
}

// TestEveryFailingCall fails each statement and each request of a pass once, before
// and after its effect, and lets another pass go on later: the mail is accepted, with
// one copy more at most, and only where the fault lay between the server's acceptance
// and our commit.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	clean := newWorld(t)
	counter := &faults.Counter{}

	clean.put(t, "x")

	if _, err := clean.sender.SendDue(faults.With(t.Context(), counter)); err != nil {
		t.Fatal(err)
	}

	calls := counter.Calls()
	if len(calls) < 12 {
		t.Fatalf("only %d calls: %+v", len(calls), calls)
	}

	var twice []string

	for n, call := range calls {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			name := fmt.Sprintf("%s %s %s", mode, call.Kind, call.Name)

			copies := failing(t, clean, name, &faults.Counter{N: n + 1, Mode: mode})
			if copies == 2 {
				twice = append(twice, name)
			}

			if copies < 1 || copies > 2 {
				t.Errorf("call %d, %s: %d copies", n+1, name, copies)
			}
		}
	}

	t.Logf("points=%d runs=%d twice=%q", len(calls), 2*len(calls), twice)

	// The answer to the end was lost, or it came and could not be noted.
	if want := []string{"after smtp end", "before sql update"}; !slices.Equal(twice, want) {
		t.Errorf("second copies by %q, want %q", twice, want)
	}
}

func failing(t *testing.T, w *world, name string, fault *faults.Counter) (copies int) {
	t.Helper()

	id := w.put(t, fmt.Sprintf("%s/%d", name, fault.N))
	ctx := faults.With(t.Context(), fault)

	for range 4 {
		// It may fail: that is what is tried.
		_, _ = w.sender.SendDue(ctx)

		w.clock.add(time.Hour)
	}

	for _, each := range w.server.Received() {
		if strings.HasPrefix(each.MessageID, id+"@") {
			copies++
		}
	}

	if state := w.state(t, id); state != outbox.Accepted || !fault.Reached() {
		t.Errorf("%s: %s", name, state)
	}

	return copies
}

// Several senders at once take each mail once.
func TestSendersDoNotMeet(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	const mails = 40
	for i := range mails {
		w.put(t, strings.Repeat("x", i+1))
	}

	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.sender.SendDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}

	all.Wait()

	ids := map[string]bool{}
	for _, each := range w.server.Received() {
		ids[each.MessageID] = true
	}

	if got := len(w.server.Received()); got != mails || len(ids) != mails {
		t.Errorf("%d copies of %d mails", got, len(ids))
	}
}

func TestDeliveredIsAcceptedForThreeDays(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		stored outbox.State
		after  time.Duration
		want   outbox.State
	}{
		{outbox.Accepted, 0, outbox.Accepted},
		{outbox.Accepted, 72*time.Hour - time.Nanosecond, outbox.Accepted},
		{outbox.Accepted, 72 * time.Hour, outbox.Delivered},
		{outbox.Bounced, 100 * time.Hour, outbox.Bounced},
		{outbox.Complained, 100 * time.Hour, outbox.Complained},
		{outbox.Waiting, 100 * time.Hour, outbox.Waiting},
		{outbox.Uncertain, 100 * time.Hour, outbox.Uncertain},
	} {
		if got := outbox.StateAt(test.stored, at, at.Add(test.after)); got != test.want {
			t.Errorf("%s after %s: %s", test.stored, test.after, got)
		}
	}

	if got := outbox.StateAt(outbox.Accepted, time.Time{}, at); got != outbox.Accepted {
		t.Error(got)
	}

	if outbox.NextTry(0) != time.Minute || outbox.NextTry(1) != time.Minute || outbox.NextTry(2) != 5*time.Minute || outbox.NextTry(99) != 4*time.Hour {
		t.Error("the waits are others")
	}
}
