// Package config reads what differs between environments: addresses, folders
// and secrets, from environment variables. What the company promises stands in
// the policy. A variable that only the dev environment may have makes any other
// refuse to start.
package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/patience"
	"steward/internal/policy"
)

// Config are the variables of one process.
type Config struct {
	// Env is "dev" or "production"; production if nothing is said.
	Env policy.Environment `env:"STEWARD_ENV" envDefault:"production"`
	// Policy is the path of policy.yaml.
	Policy string `env:"STEWARD_POLICY" envDefault:"policy.yaml"`
	// DataMap is the path of datamap.yaml; without it, the one beside the policy.
	DataMap string `env:"STEWARD_DATAMAP"`
	// StewardDatabase is the URL of the steward database.
	StewardDatabase string `env:"STEWARD_DATABASE_URL"`
	// DrillDatabase is the URL of an administrator of the drill cluster.
	DrillDatabase string `env:"DRILL_DATABASE_URL"`
	// KeysDir holds the private keys of this process's roles, and no others.
	KeysDir string `env:"STEWARD_KEYS_DIR"`
	// Project is the Google Cloud project of the buckets.
	Project string `env:"STEWARD_GCP_PROJECT" envDefault:"steward"`
	// Location is where buckets are made.
	Location string `env:"STEWARD_GCP_LOCATION" envDefault:"EU"`
	// ToolsDir is the folder of PostgreSQL's programs; empty means the newest.
	ToolsDir string `env:"STEWARD_PG_BIN"`
	// Listen is the loopback address of /metrics and /healthz; empty means none.
	Listen string `env:"STEWARD_LISTEN"`
	// SMTP is the address of the mail server, with its login; the vendors role needs it.
	SMTP string `env:"STEWARD_SMTP_URL"`
	// TemporalUI is the address of the Temporal Web UI, for links.
	TemporalUI string `env:"TEMPORAL_UI_URL"`
	// TemporalAddress is that of Temporal's frontend; the client reads the rest
	// of its variables by itself.
	TemporalAddress string `env:"TEMPORAL_ADDRESS"`

	// StorageEmulator is the address of the storage emulator; dev only.
	StorageEmulator string `env:"STORAGE_EMULATOR_HOST"`
	// DevClock is the path of the dev clock; dev only.
	DevClock string `env:"STEWARD_DEV_CLOCK"`
	// OffFile lists when the dev machine was off; dev only.
	OffFile string `env:"STEWARD_DEV_OFF_FILE"`
	// TimeoutScale multiplies every timeout; dev only.
	TimeoutScale float64 `env:"STEWARD_TIMEOUT_SCALE"`
	// FaultGate is the address that decides how outside calls fail; dev only.
	FaultGate string `env:"STEWARD_FAULT_GATE"`
}

// Load reads the environment. It fails with ConfigInvalid, or with DevOnly
// where a dev variable is set in another environment.
func Load() (Config, error) {
	var config Config
	if err := env.Parse(&config); err != nil {
		return Config{}, failure.Wrap(failure.ConfigInvalid, "reading the environment", err)
	}

	if config.Env != policy.Dev && config.Env != policy.Production {
		return Config{}, failure.New(failure.ConfigInvalid, `reading STEWARD_ENV (it is "dev" or "production")`)
	}

	if config.DataMap == "" {
		config.DataMap = filepath.Join(filepath.Dir(config.Policy), "datamap.yaml")
	}

	if config.Env == policy.Dev {
		return config, config.onLoopback()
	}

	return config, refuseDev()
}

// devVariables are those that nobody but the dev environment may have.
func devVariables() []string {
	return []string{
		"STORAGE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST_GRPC", "STEWARD_DEV_CLOCK", "STEWARD_DEV_OFF_FILE",
		"STEWARD_TIMEOUT_SCALE", "STEWARD_FAULT_GATE",
	}
}

func refuseDev() error {
	for _, name := range devVariables() {
		if os.Getenv(name) != "" {
			return failure.New(failure.DevOnly, "starting with "+name+" outside the dev environment")
		}
	}

	return nil
}

// onLoopback refuses a dev environment that reaches beyond this machine: dev
// switches next to real data would be a way to forge promises.
func (c Config) onLoopback() error {
	for name, address := range map[string]string{
		"STEWARD_DATABASE_URL": c.StewardDatabase, "DRILL_DATABASE_URL": c.DrillDatabase,
		"STORAGE_EMULATOR_HOST": c.StorageEmulator, "TEMPORAL_ADDRESS": c.TemporalAddress,
		"STEWARD_FAULT_GATE": c.FaultGate, "STEWARD_SMTP_URL": c.SMTP, "APP_DATABASE_URL": os.Getenv("APP_DATABASE_URL"),
	} {
		if address != "" && !loopback(address) {
			return beyond(name)
		}
	}

	return nil
}

func beyond(name string) error {
	return failure.New(failure.DevOnly, "starting with STEWARD_ENV=dev while "+name+" is not on loopback")
}

// loopback reports whether every host that the address names is this machine.
// What cannot be read is not.
func loopback(address string) bool {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return databaseOnLoopback(address)
	}

	if !strings.Contains(address, "://") {
		address = "tcp://" + address
	}

	parsed, err := url.Parse(address)

	return err == nil && loopbackHost(parsed.Hostname())
}

// databaseOnLoopback reads a database URL as the driver does: its parameters can
// name another host than the one that meets the eye, and there may be several.
func databaseOnLoopback(address string) bool {
	config, err := pgconn.ParseConfig(address)
	if err != nil || !loopbackHost(config.Host) {
		return false
	}

	for _, fallback := range config.Fallbacks {
		if !loopbackHost(fallback.Host) {
			return false
		}
	}

	return true
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}

	ip, err := netip.ParseAddr(host)

	return err == nil && ip.IsLoopback()
}

// SourceURL is the URL of a database of the policy: STEWARD_DATABASE_URL for
// Steward's own, NAME_DATABASE_URL for any other, such as APP_DATABASE_URL. It
// fails with ConfigInvalid where the variable is not set, and with DevOnly where
// a dev environment would reach beyond this machine.
func (c Config) SourceURL(database policy.Database) (string, error) {
	if database.Role == policy.RoleSteward {
		return c.StewardDatabase, needed("STEWARD_DATABASE_URL", c.StewardDatabase)
	}

	name := strings.ToUpper(database.Name) + "_DATABASE_URL"

	address := os.Getenv(name)
	if c.Env == policy.Dev && address != "" && !loopback(address) {
		return "", beyond(name)
	}

	return address, needed(name, address)
}

// EraseURL is the URL of a database of the app with the login that erases:
// NAME_ERASE_DATABASE_URL, such as APP_ERASE_DATABASE_URL. It fails as SourceURL does.
func (c Config) EraseURL(database string) (string, error) {
	name := strings.ToUpper(database) + "_ERASE_DATABASE_URL"

	address := os.Getenv(name)
	if c.Env == policy.Dev && address != "" && !loopback(address) {
		return "", beyond(name)
	}

	return address, needed(name, address)
}

// StorageEndpoint is where Cloud Storage is: that of the emulator in dev, empty for
// Google's own outside it. It fails with ConfigInvalid in a dev environment that
// names no emulator, which would act on real buckets with whatever credentials
// this machine has. Commands that need no storage need no emulator either.
func (c Config) StorageEndpoint() (string, error) {
	if c.Env == policy.Dev {
		return c.StorageEmulator, needed("STORAGE_EMULATOR_HOST", c.StorageEmulator)
	}

	return c.StorageEmulator, nil
}

// Need fails with ConfigInvalid unless the named variables have values.
func Need(values map[string]string) error {
	for name, value := range values {
		if err := needed(name, value); err != nil {
			return err
		}
	}

	return nil
}

func needed(name, value string) error {
	if value == "" {
		return failure.New(failure.ConfigInvalid, fmt.Sprintf("reading the environment (%s is not set)", name))
	}

	return nil
}

// Clock is the clock that promises go by.
func (c Config) Clock() clocks.Clock {
	if c.DevClock != "" {
		return clocks.Dev(c.DevClock)
	}

	return clocks.System()
}

// Patience scales the timeouts.
func (c Config) Patience() patience.Scale { return patience.Scale(c.TimeoutScale) }
