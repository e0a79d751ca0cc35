package compose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"steward/internal/patience"
)

// minGrace is what a worker needs to end a dump or to give it back, with half of
// its own stop timeout to spare for a busy machine: 60 seconds.
const minGrace = patience.EndTimeout + patience.StopTimeout/2

// pinned accepts a tag that begins with a version of two or three numbers, and nothing that moves.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?$`)

// uiSwitches are the variables of Temporal's Web UI that take its write actions away.
var uiSwitches = []string{
	"TEMPORAL_DISABLE_WRITE_ACTIONS",
	"TEMPORAL_WORKFLOW_TERMINATE_DISABLED",
	"TEMPORAL_WORKFLOW_RESET_DISABLED",
	"TEMPORAL_BATCH_ACTIONS_DISABLED",
	"TEMPORAL_START_WORKFLOW_DISABLED",
	"TEMPORAL_WORKFLOW_CANCEL_DISABLED",
	"TEMPORAL_WORKFLOW_SIGNAL_DISABLED",
	"TEMPORAL_WORKFLOW_UPDATE_DISABLED",
}

// Check returns one sentence for each rule that a service breaks, in the order of the service names.
func Check(project *types.Project) []string {
	var found []string
	for _, name := range project.ServiceNames() {
		service := project.Services[name]
		for _, problem := range slices.Concat(
			checkPorts(service), checkImage(service), checkVolumes(project, service), checkHardening(service),
			checkUI(service), checkDependencies(project, service), checkWorker(service),
		) {
			found = append(found, name+": "+problem)
		}
	}
	return slices.Concat(found, checkRoles(project), checkLogins(project))
}

func checkPorts(service types.ServiceConfig) []string {
	var found []string
	for _, port := range service.Ports {
		if port.HostIP != "127.0.0.1" {
			found = append(found, fmt.Sprintf("port %d is published on %q instead of 127.0.0.1", port.Target, port.HostIP))
		}
		if strings.HasPrefix(service.Image, "postgres:") || strings.HasPrefix(service.Image, "temporalio/server:") {
			found = append(found, fmt.Sprintf("port %d of a store is published", port.Target))
		}
	}
	return found
}

func checkImage(service types.ServiceConfig) []string {
	if service.Build != nil || pinned.MatchString(service.Image) {
		return nil
	}
	return []string{fmt.Sprintf("image %q is not pinned to a version", service.Image)}
}

// checkVolumes wants named volumes for state, and read-only mounts for everything that comes from the host.
func checkVolumes(project *types.Project, service types.ServiceConfig) []string {
	var found []string
	for _, volume := range service.Volumes {
		_, declared := project.Volumes[volume.Source]
		switch {
		case volume.Type == types.VolumeTypeVolume && !declared:
			found = append(found, fmt.Sprintf("%s is an anonymous volume", volume.Target))
		case volume.Type == types.VolumeTypeBind && !volume.ReadOnly:
			found = append(found, fmt.Sprintf("%s is a writable mount of the host", volume.Target))
		}
	}
	return found
}

func checkHardening(service types.ServiceConfig) []string {
	var found []string
	if !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
		found = append(found, "may gain privileges")
	}
	if !slices.Contains(service.CapDrop, "ALL") || len(service.CapAdd) > 0 || service.Privileged {
		found = append(found, "keeps capabilities")
	}
	// The start script of the Web UI writes its configuration inside its image.
	if !service.ReadOnly && !strings.HasPrefix(service.Image, "temporalio/ui:") {
		found = append(found, "has a writable root file system")
	}
	if service.Logging == nil || service.Logging.Options["max-size"] == "" {
		found = append(found, "has unbounded logs")
	}
	if service.Restart == "" || service.Restart == types.RestartPolicyNo {
		found = append(found, "has no restart policy")
	}
	return found
}

func checkUI(service types.ServiceConfig) []string {
	if !strings.HasPrefix(service.Image, "temporalio/ui:") {
		return nil
	}
	var found []string
	for _, name := range uiSwitches {
		if value := service.Environment[name]; value == nil || *value != "true" {
			found = append(found, name+" is not true")
		}
	}
	return found
}

// oneShot reports whether a service runs once and ends.
func oneShot(service types.ServiceConfig) bool {
	return strings.HasPrefix(service.Restart, types.RestartPolicyOnFailure)
}

// checkDependencies wants that whoever depends on a one-shot waits for its success, and on a store for its health.
func checkDependencies(project *types.Project, service types.ServiceConfig) []string {
	var found []string
	for name, dependency := range service.DependsOn {
		target := project.Services[name]
		switch {
		case oneShot(target) && dependency.Condition != types.ServiceConditionCompletedSuccessfully:
			found = append(found, "does not wait for the success of "+name)
		case target.HealthCheck != nil && dependency.Condition != types.ServiceConditionHealthy:
			found = append(found, "does not wait for the health of "+name)
		}
	}
	slices.Sort(found)
	if oneShot(service) && !neededBySomeone(project, service.Name) {
		found = append(found, "runs once, and nothing waits for it")
	}
	return found
}

func neededBySomeone(project *types.Project, name string) bool {
	for _, service := range project.Services {
		if _, needs := service.DependsOn[name]; needs {
			return true
		}
	}
	return false
}
