package environment

import (
	"fmt"
	"slices"
	"strings"
)

// Only names the parts that up brings; empty means all of them. It exists for work
// on the dev environment itself.
type Only []string

// ParseOnly reads a comma-separated list of parts.
func ParseOnly(text string) (Only, error) {
	if text == "" {
		return nil, nil
	}
	only := Only(strings.Split(text, ","))
	for _, name := range only {
		if !slices.Contains(groups(), name) {
			return nil, fmt.Errorf("unknown part %q: choose from %s", name, strings.Join(groups(), ", "))
		}
	}
	return only, nil
}

// Groups that may be chosen; the databases and the demo data come with them.
const (
	groupPostgres = "postgres"
	groupTemporal = "temporal"
	groupGCS      = "gcs"
	groupDemo     = "demo"
	groupSetup    = "setup"
	groupWorker   = "worker"
	groupAPI      = "api"
	groupBackup   = "backup"
)

func groups() []string {
	return []string{groupPostgres, groupTemporal, groupGCS, groupDemo, groupSetup, groupWorker, groupAPI, groupBackup}
}

// has tells whether the group was asked for.
func (o Only) has(group string) bool { return len(o) == 0 || slices.Contains(o, group) }

// builds tells whether a program is needed.
func (o Only) builds(program string) bool {
	switch program {
	case programTemporal:
		return o.has(groupTemporal)
	case programGCS:
		return o.has(groupGCS)
	case programWorker, programMail:
		return o.has(groupWorker)
	case programAPI:
		return o.has(groupAPI)
	default:
		return o.has(groupSetup) || o.has(groupAPI) || o.has(groupBackup)
	}
}
