// Package compose checks docker-compose.yml without an engine: it loads the file as Docker does and states the rules of
// the house about it. The configuration files that the services mount lie beside it.
package compose

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// File is the name of the checked file in the root of the project.
const File = "docker-compose.yml"

// Environment returns made-up values for every variable that the file requires, as NAME=value pairs.
func Environment() []string {
	return []string{
		"STEWARD_UID=10001",
		"POSTGRES_PASSWORD=x1",
		"DRILL_DB_PASSWORD=x2",
		"TEMPORAL_DB_PASSWORD=x3",
		"STEWARD_OWNER_PASSWORD=x4",
		"STEWARD_CORE_PASSWORD=x5",
		"STEWARD_BACKUP_PASSWORD=x6",
		"STEWARD_DRILL_PASSWORD=x7",
		"STEWARD_API_PASSWORD=x8",
		"STEWARD_VENDORS_PASSWORD=x9",
		"STEWARD_ERASE_PASSWORD=x10",
		"STEWARD_GCP_PROJECT=example",
		"APP_DATABASE_URL=postgres://app.example/app",
		"STEWARD_POLICY_FILE=./policy.yaml",
	}
}

// Load reads the files as `docker compose -f … -f …` would, with the pairs NAME=value as its only variables.
// It fails when a file is no valid compose file or needs a variable that is not given; the error names it.
func Load(ctx context.Context, env []string, files ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions(files, cli.WithEnv(env))
	if err != nil {
		return nil, fmt.Errorf("preparing to load %v: %w", files, err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading %v: %w", files, err)
	}
	return project, nil
}

// LoadRaw reads the file without replacing variables, so that a literal can be told from a variable.
func LoadRaw(ctx context.Context, file string) (map[string]any, error) {
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithInterpolation(false), cli.WithNormalization(false), cli.WithConsistency(false), cli.WithResolvedPaths(false))
	if err != nil {
		return nil, fmt.Errorf("preparing to load %s: %w", file, err)
	}
	model, err := options.LoadModel(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", file, err)
	}
	return model, nil
}
