package environment

import (
	"fmt"
	"slices"

	"steward/dev/internal/devkeys"
	"steward/dev/internal/state"
)

// listenVariable tells a worker where to serve /healthz and /metrics.
const listenVariable = "STEWARD_LISTEN"

// common is what every program of Steward is told: addresses, no secrets.
func (e *Environment) common() []state.Var {
	return []state.Var{
		{Name: "STEWARD_ENV", Value: "dev"},
		{Name: "STEWARD_POLICY", Value: e.policyFile()},
		{Name: "STEWARD_DATAMAP", Value: e.dataMapFile()},
		{Name: "TEMPORAL_ADDRESS", Value: e.address(partTemporal)},
		{Name: "TEMPORAL_NAMESPACE", Value: namespace},
		{Name: "TEMPORAL_UI_URL", Value: "http://" + e.address(partUI)},
		{Name: "STORAGE_EMULATOR_HOST", Value: "http://" + e.address(partGCS)},
		{Name: "STEWARD_DEV_CLOCK", Value: e.clockFile()},
		{Name: "STEWARD_DEV_OFF_FILE", Value: e.launcher.Off},
		{Name: "STEWARD_PG_BIN", Value: e.bin},
	}
}

// Vars is what `make env` prints: for the person at this machine, who may do
// everything. The databases are named with the logins that own them, so that
// `bin/steward setup` can migrate.
func (e *Environment) Vars() ([]state.Var, error) {
	vars := e.common()
	for _, one := range []struct{ variable, part, login, database string }{
		{"APP_DATABASE_URL", partPostgres, appAdmin, databaseApp},
		{"APP_ERASE_DATABASE_URL", partPostgres, appAdmin, databaseApp},
		{"STEWARD_DATABASE_URL", partPostgres, stewardOwner, databaseSteward},
		{"DRILL_DATABASE_URL", partDrill, drillAdmin, "postgres"},
	} {
		url, err := e.url(one.part, one.login, one.database)
		if err != nil {
			return nil, err
		}
		vars = append(vars, state.Var{Name: one.variable, Value: url})
	}
	api, err := e.apiVars()
	return append(vars, api...), err
}

// workerVars is what one worker is told.
func (e *Environment) workerVars(one worker) ([]state.Var, error) {
	keys, err := devkeys.For(e.dir.Path("keys"), one.roles...)
	if err != nil {
		return nil, fmt.Errorf("finding the keys of %s: %w", one.name, err)
	}
	steward, err := e.url(partPostgres, one.login(), databaseSteward)
	if err != nil {
		return nil, err
	}
	vars := append(e.common(),
		state.Var{Name: "STEWARD_KEYS_DIR", Value: keys},
		state.Var{Name: "STEWARD_DATABASE_URL", Value: steward},
		state.Var{Name: listenVariable, Value: e.address(one.name)},
	)
	if slices.Contains(one.roles, devkeys.Backup) {
		app, err := e.url(partPostgres, one.login(), databaseApp)
		if err != nil {
			return nil, err
		}
		vars = append(vars, state.Var{Name: "APP_DATABASE_URL", Value: app})
	}
	if slices.Contains(one.roles, devkeys.Erase) {
		app, err := e.url(partPostgres, one.login(), databaseApp)
		if err != nil {
			return nil, err
		}
		vars = append(vars, state.Var{Name: "APP_ERASE_DATABASE_URL", Value: app})
	}
	if slices.Contains(one.roles, devkeys.Vendors) {
		vars = append(vars, state.Var{Name: "STEWARD_SMTP_URL", Value: "smtp://" + e.address(partMail)})
	}
	if slices.Contains(one.roles, devkeys.Drill) {
		drill, err := e.url(partDrill, drillAdmin, "postgres")
		if err != nil {
			return nil, err
		}
		vars = append(vars, state.Var{Name: "DRILL_DATABASE_URL", Value: drill})
	}
	return vars, nil
}

// url names a database for a login.
func (e *Environment) url(part, login, database string) (string, error) {
	password, err := e.dir.Secret(login)
	if err != nil {
		return "", fmt.Errorf("reading a password: %w", err)
	}
	c, err := e.clusterOf(part)
	if err != nil {
		return "", err
	}
	return c.URL(login, password, database), nil
}

// writeEnv keeps what `make env` prints, for `bin/steward` run inside the clone.
func (e *Environment) writeEnv() error {
	vars, err := e.Vars()
	if err != nil {
		return err
	}
	if err := state.WriteFile(e.envFile(), []byte(state.Exports(vars))); err != nil {
		return fmt.Errorf("writing the addresses: %w", err)
	}
	return nil
}

func (e *Environment) envFile() string { return e.dir.Path("env") }
