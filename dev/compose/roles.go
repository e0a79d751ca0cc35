package compose

import (
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// roles returns what a worker service may do, from its --role, or nothing for a service that is no worker.
func roles(service types.ServiceConfig) []string {
	arguments := slices.Concat(service.Entrypoint, service.Command)
	at := slices.Index(arguments, "--role")
	if at < 0 || at+1 >= len(arguments) {
		return nil
	}
	return strings.Split(arguments[at+1], ",")
}

func checkWorker(service types.ServiceConfig) []string {
	held := roles(service)
	if held == nil {
		return nil
	}
	var found []string
	if service.StopGracePeriod == nil || time.Duration(*service.StopGracePeriod) < minGrace {
		found = append(found, "is killed before its work can end: stop_grace_period below "+minGrace.String())
	}
	if dependency, waits := service.DependsOn["setup"]; !waits || dependency.Condition != types.ServiceConditionCompletedSuccessfully {
		found = append(found, "starts before setup has succeeded")
	}
	if listen := service.Environment["STEWARD_LISTEN"]; listen == nil || !strings.HasPrefix(*listen, "127.0.0.1:") {
		found = append(found, "shows its metrics at no address, or at one that the worker refuses")
	}
	found = append(found, checkSeparation(service, held)...)
	return append(found, checkEraser(service, held)...)
}

// checkEraser states the rule that what may delete in the app's databases does nothing else, and that nobody else may.
func checkEraser(service types.ServiceConfig, held []string) []string {
	var found []string
	erases := slices.Contains(held, "erase")
	if erases && len(held) > 1 {
		found = append(found, "holds the role erase together with another")
	}
	for variable := range service.Environment {
		if !erases && strings.HasSuffix(variable, "_ERASE_DATABASE_URL") {
			found = append(found, "is given the database login that erases")
		}
	}
	for _, volume := range service.Volumes {
		if !erases && strings.HasSuffix(volume.Source, "/keys/erase") {
			found = append(found, "is given the keys of the one that erases")
		}
	}
	for _, secret := range service.Secrets {
		if secret.Source == "gcp_erase" && !erases {
			found = append(found, "is given the service account of the one that erases")
		}
	}
	return found
}

// checkSeparation states the rule that the one that dumps cannot decrypt, and the one that restores works elsewhere.
func checkSeparation(service types.ServiceConfig, held []string) []string {
	var found []string
	dumps, drills := slices.Contains(held, "backup"), slices.Contains(held, "drill")
	if dumps && drills {
		found = append(found, "holds the roles backup and drill together")
	}
	if dumps && service.Environment["DRILL_DATABASE_URL"] != nil {
		found = append(found, "dumps, and reaches the drill cluster")
	}
	if drills && service.Environment["APP_DATABASE_URL"] != nil {
		found = append(found, "drills, and reaches the app's database")
	}
	for _, volume := range service.Volumes {
		if !drills && strings.HasSuffix(volume.Source, "/keys/drill") || strings.HasSuffix(volume.Source, "/keys") {
			found = append(found, "is given the decryption identity")
		}
	}
	for _, secret := range service.Secrets {
		if secret.Source == "gcp_drill" && !drills {
			found = append(found, "is given the service account of the drill")
		}
	}
	return found
}

// checkRoles wants each of the roles exactly once.
func checkRoles(project *types.Project) []string {
	count := map[string]int{}
	for _, service := range project.Services {
		for _, role := range roles(service) {
			count[role]++
		}
	}
	var found []string
	for _, role := range []string{"core", "backup", "drill", "vendors", "erase"} {
		if count[role] != 1 {
			found = append(found, "the role "+role+" is not held by exactly one service")
		}
	}
	return found
}
