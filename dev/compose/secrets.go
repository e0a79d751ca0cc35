package compose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// secretName matches the names of variables that hold a secret.
var secretName = regexp.MustCompile(`(?i)(PASSWORD|PASSWD|PWD|SECRET|TOKEN|API_?KEY|CREDENTIAL)`)

// urlPassword matches a password inside of a URL; its first group is the password.
var urlPassword = regexp.MustCompile(`://[^/@:\s]+:([^@\s]+)@`)

// Literals returns a sentence for each variable of a service that holds a secret instead of the name of one.
// The model is the file as LoadRaw returns it. A path below /run/secrets is the name of a secret.
func Literals(model map[string]any) []string {
	var found []string
	for name, service := range section(model, "services") {
		for variable, text := range section(service, "environment") {
			if isLiteral(variable, fmt.Sprint(text)) {
				found = append(found, name+": "+variable+" holds a secret")
			}
		}
	}
	slices.Sort(found)
	return found
}

// section returns the mapping of that name, or nothing where there is none.
func section(parent any, name string) map[string]any {
	mapping, isMapping := parent.(map[string]any)
	if !isMapping {
		return nil
	}
	child, isMapping := mapping[name].(map[string]any)
	if !isMapping {
		return nil
	}
	return child
}

func isLiteral(variable, text string) bool {
	if match := urlPassword.FindStringSubmatch(text); match != nil {
		return !strings.HasPrefix(match[1], "${")
	}
	return secretName.MatchString(variable) && !strings.HasPrefix(text, "${") && !strings.HasPrefix(text, "/run/secrets/")
}
