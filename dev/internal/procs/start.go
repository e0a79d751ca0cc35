package procs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Launcher starts keepers: this program once more, as `keep`, one per process.
type Launcher struct {
	// Self is the absolute path of the program that understands `keep`.
	Self string
	// Args come before the keeper's own, usually just "keep".
	Args []string
	// Table has the records.
	Table Table
	// Logs is the directory of the log files.
	Logs string
	// LogLimit is in bytes per log file, see BoundedLog.
	LogLimit int64
	// Alive is touched by the keepers while they run, see Heartbeat.
	Alive string
	// Off gets one line for each time in which the machine slept.
	Off string
}

// Job is what a keeper reads from its standard input.
type Job struct {
	Spec     Spec   `json:"spec"`
	Records  string `json:"records"`
	Log      string `json:"log"`
	LogLimit int64  `json:"log_limit"`
	Alive    string `json:"alive"`
	Off      string `json:"off"`
}

const (
	// startTimeout bounds the start of a keeper and its program, not readiness.
	startTimeout = 20 * time.Second
	// pollPause lies between two looks at a process.
	pollPause = 20 * time.Millisecond
)

// ErrStart is returned when the program ended at once; the text has the end of its log.
var ErrStart = errors.New("it ended at once")

// Start starts spec detached from this command: in a session of its own, with its
// output in a bounded log. It returns once the keeper has written its record. It
// does not wait until the program answers.
func (l Launcher) Start(ctx context.Context, spec Spec) error {
	job, err := json.Marshal(Job{
		Spec: spec, Records: l.Table.dir, Log: l.LogPath(spec.Name), LogLimit: l.LogLimit, Alive: l.Alive, Off: l.Off,
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	if err := l.Table.forget(spec.Name); err != nil {
		return err
	}
	// Not CommandContext: the keeper shall outlive this command and its context.
	//nolint:noctx // see above
	keeper := exec.Command(l.Self, append(append([]string{}, l.Args...), spec.Name)...)
	keeper.Stdin = bytes.NewReader(job)
	keeper.Dir = "/"
	keeper.Env = []string{"PATH=" + os.Getenv("PATH"), "TZ=UTC"}
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := keeper.Start(); err != nil {
		return fmt.Errorf("starting the keeper of %s: %w", spec.Name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- keeper.Wait() }()
	return l.awaitRecord(ctx, spec.Name, ended)
}

// LogPath is the log of the process called name.
func (l Launcher) LogPath(name string) string { return l.Logs + "/" + name + ".log" }

func (l Launcher) awaitRecord(ctx context.Context, name string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, found, err := l.Table.Read(name)
		if err != nil || found {
			return err
		}
		select {
		case err := <-ended:
			return fmt.Errorf("starting %s: %w%s", name, atOnce(err), l.Tail(name))
		case <-ctx.Done():
			return fmt.Errorf("starting %s: %w", name, ctx.Err())
		case <-time.After(pollPause):
		}
	}
}

// atOnce is ErrStart with what the keeper ended with, if it says.
func atOnce(err error) error {
	if err == nil {
		return ErrStart
	}
	return fmt.Errorf("%w (%w)", ErrStart, err)
}

// tailBytes and tailLines bound what an error shows of a log.
const (
	tailBytes = 4096
	tailLines = 5
)

// Tail is the end of a process' log, ready to stand behind an error message.
func (l Launcher) Tail(name string) string {
	text, err := os.ReadFile(l.LogPath(name))
	if err != nil || len(text) == 0 {
		return "; log: " + l.LogPath(name)
	}
	if len(text) > tailBytes {
		text = text[len(text)-tailBytes:]
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return "; end of " + l.LogPath(name) + ":\n  " + strings.Join(lines, "\n  ")
}
