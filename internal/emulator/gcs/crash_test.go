package gcs_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs"
)

// crashDir makes the test binary an emulator over that directory, to be killed.
const crashDir = "STEWARD_TEST_GCS_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := serveUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func serveUntilKilled(dir string) error {
	server, err := gcs.New(gcs.Config{Dir: dir, Clock: clocks.System(), NoSync: true})
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // ends with the process
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Println("http://" + listener.Addr().String() + "/storage/v1/") // read by the test
	if err := server.Serve(context.Background(), listener); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// TestSIGKILL kills the emulator at random instants under load. What was acknowledged is there; what is
// there is whole; generations never come back.
func TestSIGKILL(t *testing.T) {
	t.Parallel()
	dir, seed := t.TempDir(), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed)) // instants of a test
	acknowledged := map[string]int64{}
	var highest int64
	const rounds = 8
	for round := range rounds {
		process, client := spawn(t, dir)
		b := client.Bucket("backups").Retryer(storage.WithPolicy(storage.RetryNever))
		if round == 0 {
			must(t, b.Create(t.Context(), "project", noSoftDelete()))
		}
		highest = max(highest, checkAfterCrash(t, b, acknowledged))
		ctx, giveUp := context.WithCancel(t.Context()) // the client retries chunks whatever its policy says
		var load sync.WaitGroup
		var mu sync.Mutex
		for worker := range 3 {
			load.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("%d-%d-%d", round, worker, i)
					attrs, err := put(ctx, b.Object(name), pattern(worker*quantum+i))
					if err != nil {
						return // the emulator was killed
					}
					mu.Lock()
					acknowledged[name] = attrs.Generation
					if attrs.Generation <= highest {
						t.Errorf("generation %d came back", attrs.Generation)
					}
					mu.Unlock()
				}
			})
		}
		timer := time.NewTimer(time.Duration(random.IntN(60)) * time.Millisecond)
		<-timer.C
		must(t, process.Process.Kill())
		_ = process.Wait() // "signal: killed"
		giveUp()
		load.Wait()
	}
	_, client := spawn(t, dir)
	checkAfterCrash(t, client.Bucket("backups"), acknowledged)
	t.Logf("%d acknowledged uploads", len(acknowledged))
}

// spawn starts an emulator process that the test ends if it has not killed it.
func spawn(t *testing.T, dir string) (*exec.Cmd, *storage.Client) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0]) // this test binary
	process.Env = append(os.Environ(), crashDir+"="+dir)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Kill() // most are dead already
		_ = process.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	client, err := storage.NewClient(t.Context(), option.WithEndpoint(strings.TrimSpace(url)), option.WithoutAuthentication())
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return process, client
}

func checkAfterCrash(t *testing.T, b *storage.BucketHandle, acknowledged map[string]int64) int64 {
	t.Helper()
	for name, generation := range acknowledged {
		attrs, err := b.Object(name).Attrs(t.Context())
		if err != nil || attrs.Generation != generation {
			t.Errorf("%s was acknowledged as %d: %v", name, generation, err)
		}
	}
	var highest int64
	objects := b.Objects(t.Context(), nil)
	for {
		attrs, err := objects.Next()
		if err != nil {
			return highest // iterator.Done; anything else fails the reads above
		}
		highest = max(highest, attrs.Generation)
		var round, worker, i int
		if _, err := fmt.Sscanf(attrs.Name, "%d-%d-%d", &round, &worker, &i); err != nil {
			t.Errorf("unknown object %s", attrs.Name)
		}
		wantContent(t, b.Object(attrs.Name), pattern(worker*quantum+i))
	}
}
