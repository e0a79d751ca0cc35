package webhook

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/publicnet"
)

// MaxEndpoints bounds the endpoints, and with them the deliveries at work at once: an
// app has one or two, and one for trying out.
const MaxEndpoints = 32

// maxURL bounds an address, as servers commonly do.
const maxURL = 2000

// The columns that are sealed, as their values are bound to them.
const (
	columnURL    = "webhook_endpoints.url"
	columnSecret = "webhook_endpoints.secret"
)

// Endpoint is where events go.
type Endpoint struct {
	// ID is opaque.
	ID string
	// Types are those that it wants; empty means all.
	Types []Type
	// Description is what its maker called it.
	Description string
	// CreatedBy is the opaque id of who made it, and when.
	CreatedBy string
	CreatedAt time.Time
	// DisabledAt is when it said that it is gone, zero if it did not; Reason is why.
	DisabledAt time.Time
	Reason     failure.Code
}

// Wanted is an endpoint that is to be made.
type Wanted struct {
	URL         string
	Types       []Type
	Description string
	CreatedBy   string
}

// CheckURL fails with WebhookURLRefused unless events may go to the address: https, to
// a public host, without login and fragment. In dev, http to this machine may be.
func CheckURL(text string, rule publicnet.Rule) error {
	refused := failure.New(failure.WebhookURLRefused, "reading the address of a webhook endpoint")

	address, err := url.Parse(text)
	if err != nil || len(text) > maxURL || address.User != nil || address.Fragment != "" || address.Hostname() == "" {
		return refused
	}

	host := address.Hostname()
	literal, err := netip.ParseAddr(host)
	isLiteral := err == nil
	here := rule.Loopback && (host == "localhost" || isLiteral && literal.IsLoopback())

	switch {
	case here && (address.Scheme == "http" || address.Scheme == "https"):
		return nil
	case address.Scheme != "https", isLiteral && !rule.Allows(literal), !isLiteral && !publicName(host):
		return refused
	}

	return nil
}

// publicName reports whether a name may be one of the public internet: it has a dot,
// ends in no network of one's own, and is no number in disguise. What it leads to is
// judged when the connection is made.
func publicName(host string) bool {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	last := labels[len(labels)-1]

	return len(labels) > 1 && !strings.ContainsAny(last[:min(1, len(last))], "0123456789") &&
		!slices.Contains([]string{"", "localhost", "local", "internal", "lan", "home", "corp", "intranet", "test", "invalid", "onion"}, last)
}

// Create makes an endpoint in the caller's transaction and gives its id and its secret,
// which nobody is told again. It fails with WebhookURLRefused, and with
// TooManyEndpoints.
func Create(
	ctx context.Context, q postgres.Queryer, keeper casekey.Keeper, wanted Wanted, rule publicnet.Rule, at time.Time,
) (id, secret string, err error) {
	if err := keeper.Ready(); err != nil {
		return "", "", failure.Wrap(failure.ConfigInvalid, "making a webhook endpoint", err)
	}

	if err := CheckURL(wanted.URL, rule); err != nil {
		return "", "", err
	}

	id, secret = ids.New(endpointPrefix), NewSecret()

	key, err := keeper.Make(ctx, q, id, at, time.Time{})
	if err != nil {
		return "", "", failure.Wrap(failure.CaseKeyWrong, "sealing a webhook endpoint", err)
	}

	sealedURL, err := key.Seal(columnURL, []byte(wanted.URL))
	if err != nil {
		return "", "", failure.Wrap(failure.CaseKeyWrong, "sealing a webhook endpoint", err)
	}

	sealedSecret, err := key.Seal(columnSecret, []byte(secret))
	if err != nil {
		return "", "", failure.Wrap(failure.CaseKeyWrong, "sealing a webhook endpoint", err)
	}

	rows, err := q.Exec(ctx, `insert into webhook_endpoints (id, url, secret, types, description, created_by, created_at)
		select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from webhook_endpoints) < $8`,
		id, sealedURL, sealedSecret, texts(wanted.Types), wanted.Description, wanted.CreatedBy, at, MaxEndpoints)
	if err == nil && rows == 0 {
		return "", "", failure.New(failure.TooManyEndpoints, "making a webhook endpoint")
	}

	return id, secret, failure.Wrap(failure.Unavailable, "making a webhook endpoint", err)
}

// texts are the types as the database takes them; never nil, which would be null.
func texts(types []Type) []string {
	list := make([]string, len(types))
	for i, each := range types {
		list[i] = string(each)
	}

	return list
}

// Delete takes an endpoint away in the caller's transaction, with what waits for it,
// and shreds its key. It fails with UnknownEndpoint.
func Delete(ctx context.Context, q postgres.Queryer, id string) error {
	rows, err := q.Exec(ctx, `delete from webhook_endpoints where id = $1`, id)
	if err == nil && rows == 0 {
		return failure.New(failure.UnknownEndpoint, "deleting a webhook endpoint")
	}

	if err != nil {
		return failure.Wrap(failure.Unavailable, "deleting a webhook endpoint", err)
	}

	return failure.Wrap(failure.Unavailable, "shredding the key of a webhook endpoint", casekey.Shred(ctx, q, id))
}

// List gives all endpoints, the oldest first. Their addresses are sealed, and stay so.
func List(ctx context.Context, q postgres.Queryer) ([]Endpoint, error) {
	rows, err := q.Query(ctx, `select id, types, description, created_by, created_at, disabled_at, disabled_reason
		from webhook_endpoints order by created_at, id`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "listing webhook endpoints", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Endpoint, error) {
		var (
			one      Endpoint
			disabled *time.Time
		)

		err := row.Scan(&one.ID, &one.Types, &one.Description, &one.CreatedBy, &one.CreatedAt, &disabled, &one.Reason)
		if disabled != nil {
			one.DisabledAt = *disabled
		}

		return one, err
	})

	return found, failure.Wrap(failure.Unavailable, "reading webhook endpoints", err)
}
