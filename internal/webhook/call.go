package webhook

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// target is an endpoint with what is sealed of it.
type target struct{ url, secret string }

// open reads the address and the secret of an endpoint, none where it was deleted
// meanwhile. What keeps this one endpoint from being called is broken, not err: no
// other's is sealed with its key.
func (d Deliverer) open(ctx context.Context, id string) (found *target, broken, err error) {
	var sealedURL, sealedSecret []byte

	err = d.Steward.QueryRow(ctx, `select url, secret from webhook_endpoints where id = $1`, id).Scan(&sealedURL, &sealedSecret)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}

	if err != nil {
		return nil, nil, failure.Wrap(failure.Unavailable, "reading a webhook endpoint", err)
	}

	key, err := d.Keeper.Open(ctx, d.Steward, id)
	if failure.Is(err, failure.CaseKeyGone) || failure.Is(err, failure.CaseKeyWrong) {
		return nil, err, nil
	}

	if err != nil {
		return nil, nil, failure.Wrap(failure.Unavailable, "opening a webhook endpoint", err)
	}

	address, broken := key.Unseal(columnURL, sealedURL)
	if broken != nil {
		return nil, failure.Wrap(failure.CaseKeyWrong, "opening a webhook endpoint", broken), nil
	}

	secret, broken := key.Unseal(columnSecret, sealedSecret)
	if broken != nil {
		return nil, failure.Wrap(failure.CaseKeyWrong, "opening a webhook endpoint", broken), nil
	}

	return &target{url: string(address), secret: string(secret)}, nil, nil
}

// StatusError is what an endpoint answered, by its status only.
type StatusError struct {
	// Status is that of HTTP.
	Status int
}

// Error implements error.
func (e *StatusError) Error() string { return "the endpoint answered " + strconv.Itoa(e.Status) }

// call makes one call. It succeeds with 2xx and nothing else, a redirect included, and
// fails with WebhookGone, WebhookAnswer, WebhookURLRefused or Unavailable. What the
// endpoint says is not read: it may say anything.
func (d Deliverer) call(ctx context.Context, to target, taken delivery) error {
	ctx, cancel := context.WithTimeout(ctx, d.Patience.Of(callTimeout))
	defer cancel()

	at := d.Clock.Now()

	signature, err := Sign(to.secret, taken.event, at, []byte(taken.body))
	if err != nil {
		return err
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, strings.NewReader(taken.body))
	if err != nil {
		return failure.New(failure.WebhookURLRefused, "reading the address of a webhook endpoint")
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Steward-Webhooks/1")
	request.Header.Set(headerID, taken.event)
	request.Header.Set(headerTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(headerSignature, signature)

	// The transport follows no redirects, and its errors name the address.
	response, err := d.Transport.RoundTrip(request)
	if err != nil {
		code := failure.CodeOf(err)
		if code != failure.WebhookURLRefused {
			code = failure.Unavailable
		}

		return failure.Wrap(code, "calling a webhook endpoint", errNotAnswered)
	}

	// Nothing of the body is wanted, so an error in closing it loses nothing.
	_ = response.Body.Close()

	return answered(response.StatusCode)
}

// errNotAnswered stands for what the transport said, which names the address.
var errNotAnswered = errors.New("the endpoint did not answer")

func answered(status int) error {
	switch {
	case status >= http.StatusOK && status < http.StatusMultipleChoices:
		return nil
	case status == http.StatusGone:
		return failure.Wrap(failure.WebhookGone, "calling a webhook endpoint", &StatusError{Status: status})
	default:
		return failure.Wrap(failure.WebhookAnswer, "calling a webhook endpoint", &StatusError{Status: status})
	}
}

// note writes how a try went, also when the pass is being cancelled, and gives the
// state of the delivery. A crash before its commit leaves a delivery that is made once
// more, with the same webhook-id.
func (d Deliverer) note(ctx context.Context, taken delivery, cause error) (state string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()

	at := d.Clock.Now()
	wait, again := NextTry(taken.id, taken.try)

	err = d.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		disabled, err := judge(ctx, tx, taken.endpoint, cause, at)
		if err != nil {
			return err
		}

		state = stateWaiting

		switch {
		case cause == nil:
			state = stateDelivered
		case disabled || !again:
			state = stateGivenUp
		}

		return taken.note(ctx, tx, state, cause, at, at.Add(wait))
	})

	return state, failure.Wrap(failure.Unavailable, "noting how a delivery went", err)
}

// note writes how the try went.
func (taken delivery) note(ctx context.Context, q postgres.Queryer, state string, cause error, at, next time.Time) error {
	status := 0
	if said, found := errors.AsType[*StatusError](cause); found {
		status = said.Status
	}

	_, err := q.Exec(ctx, `update webhook_deliveries set state = $3, code = $4, status = nullif($5, 0), claimed_until = null,
			next_at = $6, settled_at = case when $3 <> 'waiting' then $7::timestamptz end
		where id = $1 and tries = $2 and state = 'waiting'`,
		taken.id, taken.try, state, string(failure.CodeOf(cause)), status, next, at)

	return failure.Wrap(failure.Unavailable, "noting how a delivery went", err)
}

// goneAfter is for how long an endpoint must have answered nothing but 410 to be
// believed: a wrong deployment is noticed and mended within some hours. The waits
// between tries make it six tries or more.
const goneAfter = 6 * time.Hour

// judge disables an endpoint that has answered for hours that it is gone, and tells
// whether it is. Any other answer says that it is there.
func judge(ctx context.Context, q postgres.Queryer, endpoint string, cause error, at time.Time) (disabled bool, err error) {
	code := failure.CodeOf(cause)

	switch {
	case code == failure.WebhookGone:
		_, err = q.Exec(ctx, `update webhook_endpoints set gone_since = coalesce(gone_since, $2),
				disabled_at = case when gone_since <= $3 then $2 end, disabled_reason = case when gone_since <= $3 then $4 else '' end
			where id = $1 and disabled_at is null`, endpoint, at, at.Add(-goneAfter), string(code))
	case cause == nil, code == failure.WebhookAnswer:
		_, err = q.Exec(ctx, `update webhook_endpoints set gone_since = null where id = $1 and gone_since is not null and disabled_at is null`,
			endpoint)
	}

	if err != nil {
		return false, failure.Wrap(failure.Unavailable, "judging a webhook endpoint", err)
	}

	err = q.QueryRow(ctx, `select exists (select from webhook_endpoints where id = $1 and disabled_at is not null)`, endpoint).Scan(&disabled)

	return disabled, failure.Wrap(failure.Unavailable, "judging a webhook endpoint", err)
}
