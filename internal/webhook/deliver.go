package webhook

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/patience"
	"steward/internal/postgres"
)

const (
	// callTimeout is how long one call may take, its answer included.
	callTimeout = 15 * time.Second
	// passTime is how long a pass begins new calls: with the last one it is over before
	// the next minute's pass is due, so that a slow endpoint delays no other's events.
	passTime = 40 * time.Second
	// lease is how long a claim lasts: well beyond a call with its noting, so that nobody
	// else makes the same call meanwhile.
	lease = 2 * time.Minute
	// noteTimeout is how long noting an outcome may take after the pass was cancelled.
	noteTimeout = 10 * time.Second
)

// Deliverer delivers what is due. Several may work at once: each delivery is taken by one.
type Deliverer struct {
	// Steward is the steward database, as the role steward_vendors.
	Steward *postgres.DB
	// Keeper opens addresses and secrets.
	Keeper casekey.Keeper
	// Transport makes the calls.
	Transport http.RoundTripper
	// Clock tells the time.
	Clock clocks.Clock
	// Patience scales the timeouts.
	Patience patience.Scale
}

// Result counts what one pass did.
type Result struct {
	// Endpoints had something due.
	Endpoints int
	// Delivered were answered with 2xx, Deferred are tried again later, GivenUp are not.
	Delivered, Deferred, GivenUp int
}

// tally counts for the endpoints of one pass together.
type tally struct {
	mu     sync.Mutex
	result Result // owned by mu
	err    error  // owned by mu
}

// add notes the outcome of one delivery.
func (t *tally) add(state string) {
	t.mu.Lock()
	defer t.mu.Unlock()

	switch state {
	case stateDelivered:
		t.result.Delivered++
	case stateGivenUp:
		t.result.GivenUp++
	default:
		t.result.Deferred++
	}
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()

	t.err = errors.Join(t.err, err)
}

// The states of a delivery, as they are stored.
const (
	stateWaiting   = "waiting"
	stateDelivered = "delivered"
	stateGivenUp   = "given_up"
)

// DeliverDue delivers what is due, all endpoints at the same time and each by itself,
// and may be called again after any end. It returns when each has nothing due, has
// failed once, or the time of a pass is over. What is wrong with one endpoint, its seal
// included, is how that one's delivery went; it fails only where the database does.
func (d Deliverer) DeliverDue(ctx context.Context) (Result, error) {
	endpoints, err := d.due(ctx)
	if err != nil {
		return Result{}, err
	}

	within, stop := context.WithTimeout(ctx, d.Patience.Of(passTime))
	defer stop()

	counted := &tally{result: Result{Endpoints: len(endpoints)}}

	var all sync.WaitGroup
	for _, endpoint := range endpoints {
		all.Go(func() {
			if err := d.endpoint(ctx, within, endpoint, counted); err != nil {
				counted.fail(err)
			}
		})
	}

	all.Wait()

	return counted.result, counted.err
}

// due are the endpoints for which something is due.
func (d Deliverer) due(ctx context.Context) ([]string, error) {
	rows, err := d.Steward.Query(ctx, `select id from webhook_endpoints as e where disabled_at is null and exists (
			select from webhook_deliveries where endpoint = e.id and state = 'waiting' and next_at <= $1
				and (claimed_until is null or claimed_until <= $1))
		order by id`, d.Clock.Now())
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for deliveries that are due", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return found, failure.Wrap(failure.Unavailable, "reading deliveries that are due", err)
}

// endpoint delivers to one endpoint until nothing is due, a call fails, or the time of
// the pass is over. An endpoint that fails is left for this pass: it is called once a
// minute at most, however much waits for it.
func (d Deliverer) endpoint(ctx, within context.Context, id string, counted *tally) error {
	target, broken, err := d.open(ctx, id)
	if err != nil || target == nil && broken == nil {
		return err
	}

	for within.Err() == nil {
		taken, found, err := take(ctx, d.Steward, id, d.Clock.Now())
		if err != nil || !found {
			return err
		}

		cause := broken
		if cause == nil {
			cause = d.call(ctx, *target, taken)
		}

		state, err := d.note(ctx, taken, cause)
		if err != nil {
			return err
		}

		counted.add(state)

		if state != stateDelivered {
			return nil
		}
	}

	return nil
}

// delivery is one try of one delivery.
type delivery struct {
	id, event, endpoint string
	try                 int
	body                string
}

// take claims the delivery of an endpoint that is due the longest; false if none is. A
// crash after its commit leaves it claimed until the lease is over.
func take(ctx context.Context, q postgres.Queryer, endpoint string, at time.Time) (delivery, bool, error) {
	taken := delivery{endpoint: endpoint}

	err := q.QueryRow(ctx, `update webhook_deliveries as d set claimed_until = $3, tries = tries + 1, tried_at = $2
		from webhook_events as e
		where e.id = d.event and d.id = (
			select id from webhook_deliveries where endpoint = $1 and state = 'waiting' and next_at <= $2
				and (claimed_until is null or claimed_until <= $2)
			order by next_at, created_at, id limit 1 for update skip locked)
		returning d.id, d.event, d.tries, e.body`, endpoint, at, at.Add(lease)).Scan(&taken.id, &taken.event, &taken.try, &taken.body)
	if errors.Is(err, pgx.ErrNoRows) {
		return delivery{}, false, nil
	}

	return taken, err == nil, failure.Wrap(failure.Unavailable, "taking up a delivery", err)
}
