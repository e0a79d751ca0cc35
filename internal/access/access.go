// Package access says who may do what: one table of operations, each with the
// scope that an app's key needs and the roles of staff that may. Deciding is pure;
// who somebody is says package credential.
package access

import (
	"context"
	"slices"
)

// Operation names one thing that the API does; it is the operationId of the
// OpenAPI document.
type Operation string

// Scope is what a key of the app may do.
type Scope string

// Role is what a member of staff is there for. Nobody has two.
type Role string

// The roles. None contains another: a rule names each that it lets in.
const (
	// Support works on requests of people.
	Support Role = "support"
	// Lead approves what support prepares.
	Lead Role = "lead"
	// Operator runs Steward: keys, staff, backups.
	Operator Role = "operator"
	// Auditor reads evidence and changes nothing.
	Auditor Role = "auditor"
)

// Roles are all roles, in the order of the docs.
func Roles() []Role { return []Role{Support, Lead, Operator, Auditor} }

// Kind tells an app's key from a token of a member of staff.
type Kind string

// The kinds of principals.
const (
	// App is the company's product, with a key.
	App Kind = "app"
	// Staff is a person, with a token of the person's own.
	Staff Kind = "staff"
)

// Principal is whoever a credential belongs to.
type Principal struct {
	Kind Kind
	// ID is opaque: of the key's owner, or of the member of staff.
	ID string
	// Credential is the opaque id of the key or token that was shown.
	Credential string
	// Scopes are those of a key; empty for staff.
	Scopes []Scope
	// Role is that of a member of staff; empty for an app.
	Role Role
	// Handed says that somebody else made the token, and so has seen it: what is done
	// with it may be another person's doing.
	Handed bool
}

// Rule says who may call one operation.
type Rule struct {
	Operation Operation
	// Public lets in whoever comes, without credentials.
	Public bool
	// Scope is what an app's key needs; empty means that no key may.
	Scope Scope
	// Roles are those of staff that may; empty means nobody of staff.
	Roles []Role
	// Handed lets staff in with a token that somebody else made, too.
	Handed bool
}

// Verdict is the answer for one call.
type Verdict int

// The verdicts. The zero value lets nobody in.
const (
	// Forbidden: the credentials are good for other things.
	Forbidden Verdict = iota
	// Unknown: credentials are needed, and none that hold were shown.
	Unknown
	// Granted: go on.
	Granted
	// Renew: who asks may, with a token that nobody else has seen.
	Renew
)

// Decide answers for one rule; who is nil for a caller without valid credentials.
func Decide(rule Rule, who *Principal) Verdict {
	switch {
	case rule.Public:
		return Granted
	case who == nil:
		return Unknown
	case who.Kind == App && rule.Scope != "" && slices.Contains(who.Scopes, rule.Scope):
		return Granted
	case who.Kind == Staff && slices.Contains(rule.Roles, who.Role) && who.Handed && !rule.Handed:
		return Renew
	case who.Kind == Staff && slices.Contains(rule.Roles, who.Role):
		return Granted
	}

	return Forbidden
}

// Find is the rule of an operation; false if there is none, and then nobody may.
func Find(operation Operation) (Rule, bool) {
	for _, rule := range Table() {
		if rule.Operation == operation {
			return rule, true
		}
	}

	return Rule{}, false
}

type contextKey struct{}

// With returns a context that says who calls.
func With(ctx context.Context, who Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, who)
}

// From tells who calls; false where nobody showed valid credentials.
func From(ctx context.Context) (Principal, bool) {
	who, known := ctx.Value(contextKey{}).(Principal)

	return who, known
}
