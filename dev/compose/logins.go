package compose

import (
	"net/url"

	"github.com/compose-spec/compose-go/v2/types"
)

// databaseVariable names the steward database and the login to it.
const databaseVariable = "STEWARD_DATABASE_URL"

// checkLogins wants a login of its own for whoever reaches the steward database: the triggers there tell the roles apart
// by the login, and the owner of the tables is no role.
func checkLogins(project *types.Project) []string {
	var found []string
	holder := map[string]string{}
	for _, name := range project.ServiceNames() {
		address := project.Services[name].Environment[databaseVariable]
		if address == nil {
			continue
		}
		parsed, err := url.Parse(*address)
		if err != nil || parsed.User.Username() == "" {
			found = append(found, name+": has no database login")
			continue
		}
		login := parsed.User.Username()
		if other, taken := holder[login]; taken {
			found = append(found, name+": has the database login "+login+" of "+other)
			continue
		}
		holder[login] = name
	}
	return found
}
