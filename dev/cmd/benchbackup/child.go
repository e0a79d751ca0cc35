package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/archive"
	"steward/internal/backup"
	"steward/internal/clocks"
	"steward/internal/content"
	"steward/internal/drill"
	"steward/internal/emulator/gcs"
	storage "steward/internal/gcs"
	"steward/internal/postgres"
)

// planVariable hands a child its plan.
const planVariable = "STEWARD_BENCH_PLAN"

// project is what the bench calls itself wherever a name is asked for.
const project = "bench"

// plan is what a child is to do and with what.
type plan struct {
	// Role is take, drill, age or storage.
	Role string `json:"role"`
	// Steward, Source and Admin are the URLs of the steward database, of the one to back up, of the drill cluster.
	Steward string `json:"steward"`
	Source  string `json:"source"`
	Admin   string `json:"admin"`
	// Storage is the stand-in's URL; Dir is where it keeps its state.
	Storage string `json:"storage"`
	Dir     string `json:"dir"`
	// Recipient, Identity, Signer and Verifier are keys, made for one run of the bench.
	Recipient string `json:"recipient"`
	Identity  string `json:"identity"`
	Signer    string `json:"signer"`
	Verifier  string `json:"verifier"`
	// Backup is the id in the catalogue.
	Backup string `json:"backup"`
	// NoHash leaves out the description of the content.
	NoHash bool `json:"no_hash"`
	// Profile is where CPU and heap profiles go; empty for none.
	Profile string `json:"profile"`
}

// result is what a child tells when it is done.
type result struct {
	// Seconds is wall time from the start of the work.
	Seconds float64 `json:"seconds"`
	// Self and Children are processor time, in seconds.
	Self     float64 `json:"self_cpu_seconds"`
	Children float64 `json:"children_cpu_seconds"`
	// PeakKiB is the largest resident memory of the child alone.
	PeakKiB int64 `json:"peak_kib"`
	// Bytes is what is stored.
	Bytes int64 `json:"stored_bytes"`
}

func child(ctx context.Context, text string, out io.Writer) error {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	switch p.Role {
	case "storage":
		return p.serve(ctx, out)
	case "age":
		return p.encrypt(os.Stdin, out)
	default:
		return p.work(ctx, out)
	}
}

// serve runs the storage stand-in and prints its URL.
func (p plan) serve(ctx context.Context, out io.Writer) error {
	server, err := gcs.New(gcs.Config{Dir: p.Dir, Clock: clocks.System(), Seed: 1, NoSync: true})
	if err != nil {
		return fmt.Errorf("opening the storage: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if _, err := fmt.Fprintln(out, "http://"+listener.Addr().String()); err != nil {
		return errors.Join(fmt.Errorf("telling the URL: %w", err), listener.Close())
	}
	return server.Serve(ctx, listener)
}

// encrypt does what the age program does.
func (p plan) encrypt(in io.Reader, out io.Writer) error {
	recipient, err := age.ParseX25519Recipient(p.Recipient)
	if err != nil {
		return fmt.Errorf("reading the recipient: %w", err)
	}
	sealed, err := age.Encrypt(out, recipient)
	if err != nil {
		return fmt.Errorf("encrypting: %w", err)
	}
	if _, err := io.Copy(sealed, in); err != nil {
		return fmt.Errorf("encrypting: %w", err)
	}
	if err := sealed.Close(); err != nil {
		return fmt.Errorf("encrypting: %w", err)
	}
	return nil
}

// work takes or drills one backup as a worker's activity does, and tells what it cost.
func (p plan) work(ctx context.Context, out io.Writer) (err error) {
	steward, err := postgres.Open(ctx, p.Steward)
	if err != nil {
		return fmt.Errorf("opening the steward database: %w", err)
	}
	defer steward.Close()
	client, err := storage.Open(ctx, storage.Options{Endpoint: p.Storage, Project: project})
	if err != nil {
		return fmt.Errorf("opening the storage: %w", err)
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if p.Profile != "" {
		stop, err := p.startProfile()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	started := time.Now()
	var done result
	if p.Role == "take" {
		done.Bytes, err = p.take(ctx, steward, client.Bucket(bucketName))
	} else {
		err = p.drill(ctx, steward, client.Bucket(bucketName))
	}
	if err != nil {
		return err
	}
	done.Seconds = time.Since(started).Seconds()
	if done.PeakKiB, err = peakKiB("self"); err != nil {
		return err
	}
	if done.Self, err = cpuSeconds(syscall.RUSAGE_SELF); err != nil {
		return err
	}
	if done.Children, err = cpuSeconds(syscall.RUSAGE_CHILDREN); err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(done); err != nil {
		return fmt.Errorf("telling the result: %w", err)
	}
	return nil
}

func (p plan) take(ctx context.Context, steward *postgres.DB, bucket *storage.Bucket) (int64, error) {
	recipients, err := archive.Recipients([]string{p.Recipient})
	if err != nil {
		return 0, fmt.Errorf("reading the recipient: %w", err)
	}
	signer, err := note.NewSigner(p.Signer)
	if err != nil {
		return 0, fmt.Errorf("reading the signer: %w", err)
	}
	taker := backup.Taker{
		Steward: steward, Source: p.Source, Bucket: bucket, Recipients: recipients, Signer: signer,
		Clock: clocks.System(), Owner: project, Silence: time.Minute,
		Progress: func(string, int64) {},
	}
	if p.NoHash {
		taker.Describe = func(context.Context, postgres.Queryer, func(int64)) (content.Description, error) {
			return content.Description{}, nil
		}
	}
	taken, err := taker.Take(ctx, p.Backup)
	if err != nil {
		return 0, fmt.Errorf("taking: %w", err)
	}
	return taken.Bytes, nil
}

func (p plan) drill(ctx context.Context, steward *postgres.DB, bucket *storage.Bucket) error {
	identities, err := archive.Identities([]byte(p.Identity))
	if err != nil {
		return fmt.Errorf("reading the identity: %w", err)
	}
	verifier, err := note.NewVerifier(p.Verifier)
	if err != nil {
		return fmt.Errorf("reading the verifier: %w", err)
	}
	driller := drill.Driller{
		Steward: steward, Admin: p.Admin, Bucket: bucket, Identities: identities, Verifier: verifier, Clock: clocks.System(),
	}
	if _, err := driller.Drill(ctx, p.Backup); err != nil {
		return fmt.Errorf("drilling: %w", err)
	}
	return nil
}

// startProfile writes a CPU profile until stop, and then the heap's.
func (p plan) startProfile() (stop func() error, err error) {
	name := filepath.Join(p.Profile, p.Role+"-"+p.Backup)
	cpu, err := os.Create(name + ".cpu")
	if err != nil {
		return nil, fmt.Errorf("making a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(fmt.Errorf("profiling: %w", err), cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(name + ".heap")
		if err != nil {
			return errors.Join(fmt.Errorf("making a profile: %w", err), cpu.Close())
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close(), cpu.Close())
	}, nil
}

// command is this program again, in another role. The kernel ends it with the thread that starts it, so its starter stays
// locked to one until the child has ended.
func (p plan) command(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing a plan: %w", err)
	}
	again := exec.CommandContext(ctx, self)
	again.Env = append(os.Environ(), planVariable+"="+string(text))
	again.Stderr = os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	again.Cancel = func() error { return again.Process.Signal(syscall.SIGTERM) }
	return again, nil
}

// tell runs a worker's child to its end and reads its result.
func (p plan) tell(ctx context.Context) (result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	again, err := p.command(ctx)
	if err != nil {
		return result{}, err
	}
	var said strings.Builder
	again.Stdout = &said
	if err := again.Run(); err != nil {
		return result{}, fmt.Errorf("running a %s: %w", p.Role, err)
	}
	var done result
	if err := json.Unmarshal([]byte(said.String()), &done); err != nil {
		return result{}, fmt.Errorf("reading what a %s told: %w", p.Role, err)
	}
	return done, nil
}
