package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// readyTimeout is how long a worker may take to say that it is ready.
	readyTimeout = 60 * time.Second
	// stopTimeout is how long a worker may take to end after SIGTERM.
	stopTimeout = 20 * time.Second
	// restartPause lies between the death of a worker and its next start, as a
	// supervisor of production waits too.
	restartPause = 50 * time.Millisecond
)

// program is what a process runs, and how it says that it is ready.
type program struct {
	path string
	args []string
	word string // of its log
}

// Worker is one process of Steward, a worker or the API, under a supervisor: when it
// dies by SIGKILL, it is started again.
type Worker struct {
	// Roles are those of its --role, or APIProcess.
	Roles string

	run program
	env []string
	log string // path of the file with all that it wrote

	mu       sync.Mutex
	process  *os.Process   // owned by mu
	ready    chan struct{} // closed when the current process is ready; owned by mu
	stopping bool          // owned by mu
	kills    int           // owned by mu
	odd      []string      // ends that nobody ordered; owned by mu
	ended    chan struct{} // closed when the supervisor has ended
}

// startWorker runs a worker until the test ends or Stop.
func startWorker(t testing.TB, roles, dir string, run program, env []string) *Worker {
	t.Helper()
	w := &Worker{
		Roles: roles, run: run, env: env, log: filepath.Join(dir, "worker-"+strings.ReplaceAll(roles, ",", "-")+".log"),
		ready: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.supervise()
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// supervise keeps the process running on one locked thread, since the kernel's
// death signal follows the thread that started a child.
func (w *Worker) supervise() {
	runtime.LockOSThread()
	defer close(w.ended)
	for {
		err := w.once()
		w.mu.Lock()
		w.process = nil
		stopping := w.stopping
		switch {
		case stopping:
		case killed(err):
			w.kills++
		default:
			w.odd = append(w.odd, fmt.Sprintf("worker %s ended by itself: %v", w.Roles, err))
		}
		w.ready = make(chan struct{})
		w.mu.Unlock()
		if stopping {
			return
		}
		time.Sleep(restartPause) //nolint:forbidigo // see restartPause
	}
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// once runs the process to its end.
func (w *Worker) once() error {
	file, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer file.Close()                                 //nolint:errcheck // a log of a test
	command := exec.Command(w.run.path, w.run.args...) //nolint:noctx // Stop ends it
	command.Env = w.env
	command.Dir = filepath.Dir(w.log)
	w.mu.Lock()
	if w.stopping {
		w.mu.Unlock()
		return nil
	}
	command.Stdout, command.Stderr = file, &watcher{to: file, word: []byte(w.run.word), seen: w.ready}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = command.Start()
	w.process = command.Process
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	return command.Wait() //nolint:wrapcheck // the supervisor reads its status
}

// watcher copies what a process writes and tells when a word passed.
type watcher struct {
	to   *os.File
	word []byte
	seen chan struct{}
	done bool
	last []byte
}

// Write implements io.Writer.
func (w *watcher) Write(p []byte) (int, error) {
	if !w.done {
		w.last = append(w.last, p...)
		if bytes.Contains(w.last, w.word) {
			w.done, w.last = true, nil
			close(w.seen)
		}
	}
	return w.to.Write(p) //nolint:wrapcheck // transparent
}

// waitReady returns when the current process is ready for work.
func (w *Worker) waitReady(t testing.TB) {
	t.Helper()
	deadline := time.After(readyTimeout)
	w.mu.Lock()
	ready := w.ready
	w.mu.Unlock()
	select {
	case <-ready:
	case <-w.ended:
		t.Fatalf("worker %s has ended", w.Roles)
	case <-deadline:
		text, err := os.ReadFile(w.log)
		t.Fatalf("worker %s is not ready: %s %v", w.Roles, text, err)
	}
}

// Kill ends the process with SIGKILL, as the kernel does when memory is short.
// The supervisor starts it again.
func (w *Worker) Kill() error { return w.signal(syscall.SIGKILL) }

// Pause stops the process where it stands; Resume lets it go on.
func (w *Worker) Pause() error { return w.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (w *Worker) Resume() error { return w.signal(syscall.SIGCONT) }

func (w *Worker) signal(signal os.Signal) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process == nil {
		return fmt.Errorf("signalling %s: %w", w.Roles, os.ErrProcessDone)
	}
	if err := w.process.Signal(signal); err != nil {
		return fmt.Errorf("signalling %s: %w", w.Roles, err)
	}
	return nil
}

// Stop ends the process with SIGTERM and, if it takes too long, SIGKILL. It may be
// called again.
func (w *Worker) Stop() error {
	w.mu.Lock()
	w.stopping = true
	if w.process != nil {
		// It may have ended at this moment; the supervisor notices.
		_ = w.process.Signal(syscall.SIGTERM) //nolint:errcheck // see above
	}
	w.mu.Unlock()
	select {
	case <-w.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := w.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-w.ended
	return fmt.Errorf("worker %s: it had to be killed after %s", w.Roles, stopTimeout) //nolint:err113 // for people
}

// Kills is how often the process died by SIGKILL.
func (w *Worker) Kills() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kills
}

// Log is all that the worker wrote so far, every process of it.
func (w *Worker) Log() ([]byte, error) {
	text, err := os.ReadFile(w.log)
	if err != nil {
		return nil, fmt.Errorf("reading a worker's log: %w", err)
	}
	return text, nil
}

// Odd lists ends of the process that no test ordered.
func (w *Worker) Odd() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.odd...)
}
