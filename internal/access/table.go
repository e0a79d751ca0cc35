package access

// The scopes of keys.
const (
	AccountsRead       Scope = "accounts:read"
	AccountsWrite      Scope = "accounts:write"
	InteractionsWrite  Scope = "interactions:write"
	SubscriptionsWrite Scope = "subscriptions:write"
	PromisesRead       Scope = "promises:read"
	MailEventsWrite    Scope = "mail-events:write"
)

// Scopes are all scopes, in the order of the docs.
func Scopes() []Scope {
	return []Scope{AccountsRead, AccountsWrite, InteractionsWrite, SubscriptionsWrite, PromisesRead, MailEventsWrite}
}

// Table is the role table: every operation of the API and who may call it, in the
// order of the docs. An operation that is not here cannot be registered.
func Table() []Rule {
	everybody := Roles()
	caseworkers := []Role{Support, Lead}

	return []Rule{
		{Operation: "get-health", Public: true},
		{Operation: "get-readiness", Public: true},
		{Operation: "get-openapi", Public: true},
		{Operation: "get-docs", Public: true},

		{Operation: "create-account", Scope: AccountsWrite},
		{Operation: "get-account", Scope: AccountsRead, Roles: everybody},
		{Operation: "delete-account", Scope: AccountsWrite, Roles: caseworkers},
		{Operation: "record-interactions", Scope: InteractionsWrite},
		{Operation: "record-subscription", Scope: SubscriptionsWrite},

		{Operation: "list-promises", Scope: PromisesRead, Roles: everybody},
		{Operation: "list-backups", Roles: []Role{Operator, Auditor}},
		{Operation: "list-erasures-to-come", Roles: []Role{Support, Lead, Operator, Auditor}},

		{Operation: "create-erasure", Roles: caseworkers},
		{Operation: "list-erasures", Roles: everybody},
		{Operation: "get-erasure", Roles: everybody},
		{Operation: "approve-erasure", Roles: []Role{Lead}},
		{Operation: "cancel-erasure", Roles: caseworkers},
		{Operation: "retry-erasure", Roles: []Role{Lead, Operator}},

		{Operation: "create-hold", Roles: []Role{Lead}},
		{Operation: "list-holds", Roles: everybody},
		{Operation: "release-hold", Roles: []Role{Lead}},

		{Operation: "list-keys", Roles: []Role{Operator, Auditor}},
		{Operation: "create-key", Roles: []Role{Operator}},
		{Operation: "rotate-key", Roles: []Role{Operator}},
		{Operation: "revoke-key", Roles: []Role{Operator}},

		{Operation: "get-me", Roles: everybody, Handed: true},
		{Operation: "rotate-my-token", Roles: everybody, Handed: true},
		{Operation: "list-staff", Roles: []Role{Lead, Operator, Auditor}},
		{Operation: "create-staff", Roles: []Role{Operator}},
		{Operation: "change-staff", Roles: []Role{Operator}},
		{Operation: "end-staff", Roles: []Role{Operator}},
		{Operation: "rotate-staff-token", Roles: []Role{Operator}},
		{Operation: "list-acts", Roles: []Role{Lead, Auditor}},
		{Operation: "list-access-log", Roles: []Role{Lead, Auditor}},

		{Operation: "list-tasks", Roles: everybody},
		{Operation: "get-task", Roles: everybody},
		{Operation: "finish-task", Roles: []Role{Support, Lead, Operator}},

		{Operation: "list-webhook-endpoints", Roles: []Role{Operator, Auditor}},
		{Operation: "create-webhook-endpoint", Roles: []Role{Operator}},
		{Operation: "delete-webhook-endpoint", Roles: []Role{Operator}},
		{Operation: "list-webhook-deliveries", Roles: []Role{Operator, Auditor}},
		{Operation: "retry-webhook-delivery", Roles: []Role{Operator}},

		{Operation: "record-mail-event", Scope: MailEventsWrite},
		{Operation: "list-mail", Roles: []Role{Support, Lead, Operator, Auditor}},
	}
}
