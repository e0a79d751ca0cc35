package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"steward/dev/internal/cputime"
	"steward/internal/ids"
)

// round is what one round measured.
type round struct {
	Insert   load `json:"insert"`
	Accounts load `json:"accounts"`
	PGBench  load `json:"pgbench"`
	Single   load `json:"single"`
	Hundred  load `json:"hundred"`
}

// hundred is how many signs of life a batch has.
const hundred = 100

func (w *world) round(ctx context.Context, o options, progress io.Writer) (r round, err error) {
	for _, step := range []struct {
		name string
		into *load
		run  func(context.Context, options) (load, error)
	}{
		{"insert", &r.Insert, w.insert},
		{"accounts", &r.Accounts, w.accounts},
		{"pgbench", &r.PGBench, w.pgbench},
		{"single", &r.Single, func(ctx context.Context, o options) (load, error) { return w.interactions(ctx, o, 1) }},
		{"hundred", &r.Hundred, func(ctx context.Context, o options) (load, error) { return w.interactions(ctx, o, hundred) }},
	} {
		if *step.into, err = w.metered(ctx, o, step.run); err != nil {
			return r, fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(progress, "  %-9s %8.0f a second, p50 %.2f ms, p99 %.2f ms, processor %.0f us, of which the API %.0f us\n",
			step.name, step.into.PerSecond, step.into.P50MS, step.into.P99MS, step.into.CPUMicros, step.into.APIMicros)
	}
	return r, nil
}

// metered adds to what was done its price in processor time.
func (w *world) metered(ctx context.Context, o options, run func(context.Context, options) (load, error)) (l load, err error) {
	api, all, err := w.used()
	if err != nil {
		return l, err
	}
	if l, err = run(ctx, o); err != nil {
		return l, err
	}
	apiNow, allNow, err := w.used()
	const micros = 1e6
	done := l.PerSecond * o.time.Seconds()
	l.APIMicros, l.CPUMicros = (apiNow-api)/done*micros, (allNow-all)/done*micros
	return l, err
}

// used is the processor time of the API so far, and that of all who take part: clients, API and database. In seconds.
func (w *world) used() (api, all float64, err error) {
	api, err = cputime.Of(w.api.Process.Pid, false)
	server, serverErr := cputime.OfFamily(w.server)
	clients, clientsErr := cputime.Of(os.Getpid(), true)
	return api, api + server + clients, errors.Join(err, serverErr, clientsErr)
}

// insert is the yardstick of accounts: one row in a transaction of its own, prepared, through the same driver.
func (w *world) insert(ctx context.Context, o options) (load, error) {
	clients := make([]client, o.clients)
	for i := range clients {
		clients[i] = func(ctx context.Context) (int, error) {
			_, err := w.pool.Exec(context.WithoutCancel(ctx), `insert into bare_accounts (id, registered_at) values ($1, $2)`,
				strconv.FormatInt(w.next.Add(1), 10), time.Now())
			if err != nil {
				return 0, fmt.Errorf("inserting: %w", err)
			}
			return 1, nil
		}
	}
	return pounded(ctx, clients, o)
}

// pounded is what the clients of the bench do, each as fast as it is answered.
func pounded(ctx context.Context, clients []client, o options) (load, error) {
	done, err := pound(ctx, clients, o.time, 0)
	return done.load(), err
}

func (w *world) accounts(ctx context.Context, o options) (load, error) {
	return w.through(ctx, o, func(at *wire) client {
		return func(context.Context) (int, error) {
			body := `{"account":"` + strconv.FormatInt(w.next.Add(1), 10) + `"}`
			return 1, expect(http.StatusCreated)(at.call(http.MethodPost, "/v1/accounts", "Idempotency-Key: "+ids.New("idk")+"\r\n", body))
		}
	})
}

// interactions brings signs of life, so many in a call, for accounts at random.
func (w *world) interactions(ctx context.Context, o options, many int) (load, error) {
	return w.through(ctx, o, func(at *wire) client {
		var body strings.Builder
		return func(context.Context) (int, error) {
			body.Reset()
			body.WriteString(`{"interactions":[`)
			now := time.Now().UTC().Format(time.RFC3339Nano)
			for n := range many {
				if n > 0 {
					body.WriteByte(',')
				}
				id := 1 + rand.IntN(known) //nolint:gosec // any account does
				body.WriteString(`{"account":"` + strconv.Itoa(id) + `","at":"` + now + `"}`)
			}
			body.WriteString(`]}`)
			return many, expect(http.StatusOK)(at.call(http.MethodPost, "/v1/interactions", "", body.String()))
		}
	})
}

// through lets every client of the bench call the API over a connection of its own.
func (w *world) through(ctx context.Context, o options, makeClient func(*wire) client) (result load, err error) {
	var all []caller
	defer func() { err = errors.Join(err, closeAll(all)) }()
	for range o.clients {
		at, err := connect(ctx, w.address, "127.0.0.1", w.app)
		if err != nil {
			return load{}, err
		}
		all = append(all, caller{wire: at, call: makeClient(at)})
	}
	return pounded(ctx, clientsOf(all), o)
}

// expect turns another status than the one that is wanted into an error.
func expect(want int) func(int, error) error {
	return func(status int, err error) error {
		if err == nil && status != want {
			err = fmt.Errorf("the API answered %d", status)
		}
		return err
	}
}
