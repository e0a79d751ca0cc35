package faults_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"steward/internal/faults"
)

var errReal = errors.New("real")

func TestWithoutInjectorOnlyCalls(t *testing.T) {
	t.Parallel()

	if err := faults.Do(t.Context(), faults.SQL, "x", func(context.Context) error { return errReal }); !errors.Is(err, errReal) {
		t.Fatalf("got %v", err)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		mode       faults.Mode
		callErr    error
		wantEffect bool
		wantErr    error
	}{
		{faults.Pass, nil, true, nil},
		{faults.Pass, errReal, true, errReal},
		{faults.Before, nil, false, faults.ErrInjected},
		{faults.After, nil, true, faults.ErrInjected},
		{faults.After, errReal, true, errReal},
		{faults.Hang, nil, false, context.DeadlineExceeded},
	} {
		counter := &faults.Counter{N: 2, Mode: test.mode}
		ctx, cancel := context.WithTimeout(faults.With(t.Context(), counter), 50*time.Millisecond)

		if err := faults.Do(ctx, faults.File, "first", func(context.Context) error { return nil }); err != nil {
			t.Fatalf("%s: the first call failed: %v", test.mode, err)
		}

		if counter.Reached() {
			t.Fatalf("%s: reached too early", test.mode)
		}

		effect := false
		err := faults.Do(ctx, faults.SQL, "second", func(context.Context) error {
			effect = true

			return test.callErr
		})

		if !errors.Is(err, test.wantErr) || effect != test.wantEffect {
			t.Errorf("%s: effect %v error %v", test.mode, effect, err)
		}

		if calls := counter.Calls(); len(calls) != 2 || calls[1] != (faults.Call{Kind: faults.SQL, Name: "second"}) || !counter.Reached() {
			t.Errorf("%s: counted %v", test.mode, calls)
		}

		cancel()
	}
}

func TestKillEndsTheProcess(t *testing.T) {
	t.Parallel()

	if os.Getenv("FAULTS_TEST_KILL") == "1" {
		ctx := faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Kill})
		if err := faults.Do(ctx, faults.SQL, "x", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}

		return
	}

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillEndsTheProcess$")
	child.Env = append(os.Environ(), "FAULTS_TEST_KILL=1")
	err := child.Run()

	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the child ended with %v", err)
	}

	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v", exit)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()

	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	t.Cleanup(server.Close)

	for _, test := range []struct {
		mode     faults.Mode
		wantHits int
		wantErr  bool
	}{{faults.Pass, 1, false}, {faults.Before, 0, true}, {faults.After, 1, true}} {
		hits = 0
		ctx := faults.With(t.Context(), &faults.Counter{N: 1, Mode: test.mode})

		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}

		response, err := (&http.Client{Transport: faults.Transport{Base: http.DefaultTransport}}).Do(request)
		if err == nil {
			if err := response.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}

		if hits != test.wantHits || (err != nil) != test.wantErr {
			t.Errorf("%s: %d hits, error %v", test.mode, hits, err)
		}
	}
}
