package environment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"steward/dev/internal/cluster"
	"steward/dev/internal/devkeys"
	"steward/dev/internal/procs"
	"steward/dev/internal/state"
)

// worker is one worker process and the roles that it takes.
type worker struct {
	name  string
	roles []string
}

// workers are the processes of `make up`: the one that dumps never shares a
// process with the one that decrypts (DESIGN 6).
func workers() []worker {
	return []worker{
		{name: "worker", roles: []string{devkeys.Core, devkeys.Backup}},
		{name: "worker-drill", roles: []string{devkeys.Drill}},
		{name: "worker-vendors", roles: []string{devkeys.Vendors}},
		{name: "worker-erase", roles: []string{devkeys.Erase}},
	}
}

// login of the worker in the main cluster.
func (w worker) login() string { return "steward_" + strings.Join(w.roles, "_") + "_login" }

// namespace is Temporal's namespace for Steward.
const namespace = "steward"

// Programs that up builds.
const (
	programTemporal = "temporal"
	programGCS      = "gcsemulator"
	programMail     = "smtpsink"
	programWorker   = "worker"
	programSteward  = "steward"
	programAPI      = "api"
)

// postgresSpec runs one cluster as the Postgres account.
func (e *Environment) postgresSpec(c cluster.Cluster) procs.Spec {
	sum := sha256.Sum256([]byte(cluster.Settings()))
	return procs.Spec{
		Name: c.Name, Program: c.Program(), Args: c.Args(), Dir: "/", Account: c.Account, Quick: true,
		Env: []string{"PATH=" + systemPath, "LC_ALL=C", "TZ=UTC"},
		// Other settings or another port mean a restart.
		Inputs: hex.EncodeToString(sum[:]) + fmt.Sprintf(":%d", c.Port),
	}
}

// temporalSpec runs the server and its Web UI.
func (e *Environment) temporalSpec(c cluster.Cluster) (procs.Spec, error) {
	password, err := e.dir.Secret(temporalRole)
	if err != nil {
		return procs.Spec{}, fmt.Errorf("reading a password: %w", err)
	}
	return procs.Spec{
		Name: partTemporal, Program: e.program(programTemporal), Dir: e.dir.Clone(),
		Args: []string{
			fmt.Sprintf("--port=%d", e.book.Known(partTemporal)),
			fmt.Sprintf("--ui-port=%d", e.book.Known(partUI)),
			"--namespace=" + namespace,
			"--ready-file=" + e.readyFile(),
		},
		Env: append(e.plain(), "TEMPORAL_POSTGRES_URL="+c.URL(temporalRole, password, databaseTemporal)),
	}, nil
}

// readyFile appears once Temporal answers.
func (e *Environment) readyFile() string { return e.dir.Path("run", "temporal.ready") }

// clockFile is the one dev clock of worker and emulators.
func (e *Environment) clockFile() string { return e.dir.Path("clock") }

// gcsSpec runs the emulator of Google Cloud Storage.
func (e *Environment) gcsSpec() (procs.Spec, error) {
	objects, err := e.dir.Sub("gcs")
	if err != nil {
		return procs.Spec{}, fmt.Errorf("making the emulator's directory: %w", err)
	}
	return procs.Spec{
		Name: partGCS, Program: e.program(programGCS), Dir: e.dir.Clone(), Env: e.plain(),
		Args: []string{
			"--listen=" + e.address(partGCS), "--dir=" + objects,
			"--clock=" + e.clockFile(), "--url-file=" + e.dir.Path("run", "gcs.url"),
		},
	}, nil
}

// mailSpec runs the mail server, which keeps what it takes and sends nothing on.
func (e *Environment) mailSpec() (procs.Spec, error) {
	mails, err := e.dir.Sub("mail")
	if err != nil {
		return procs.Spec{}, fmt.Errorf("making the folder of mails: %w", err)
	}
	return procs.Spec{
		Name: partMail, Program: e.program(programMail), Dir: e.dir.Clone(), Env: e.plain(),
		Args: []string{
			"--smtp=" + e.address(partMail), "--page=" + e.address(partMailPage), "--dir=" + mails, "--clock=" + e.clockFile(),
		},
	}, nil
}

// workerSpec runs one worker with its own secrets and nobody else's.
func (e *Environment) workerSpec(one worker) (procs.Spec, error) {
	vars, err := e.workerVars(one)
	if err != nil {
		return procs.Spec{}, err
	}
	policy, err := os.ReadFile(e.policyFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return procs.Spec{}, fmt.Errorf("reading the policy: %w", err)
	}
	decided, err := os.ReadFile(e.dataMapFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return procs.Spec{}, fmt.Errorf("reading the data map: %w", err)
	}
	sum := sha256.Sum256(append(policy, decided...))
	return procs.Spec{
		Name: one.name, Program: e.program(programWorker), Dir: e.dir.Clone(),
		Args: []string{"--role", strings.Join(one.roles, ",")},
		Env:  append(e.plain(), state.Environ(vars)...),
		// A worker reads its policy and the data map once, at its start.
		Inputs: hex.EncodeToString(sum[:]),
	}, nil
}

// program is the path of one that up builds: what ships is in bin, the rest in .dev.
func (e *Environment) program(name string) string {
	if name == programWorker || name == programSteward || name == programAPI {
		return e.dir.Clone() + "/bin/" + name
	}
	return e.dir.Path("bin", name)
}

// systemPath is the PATH of everything we start. It does not come from the shell
// that typed `make up`, or another terminal would look like another environment.
const systemPath = "/usr/local/bin:/usr/bin:/bin"

// plain is the environment that every process starts from. Nothing of the user's
// shell is in it: no proxy, no cloud credentials, no profile of Temporal's.
func (e *Environment) plain() []string {
	return []string{"PATH=" + e.bin + ":" + systemPath, "HOME=" + e.dir.Path(), "TZ=UTC", "LC_ALL=C"}
}
