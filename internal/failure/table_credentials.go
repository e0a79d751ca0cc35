package failure

// The codes about who asks, and about asking the API.
const (
	CredentialsMissing Code = "credentials_missing"
	CredentialsWrong   Code = "credentials_wrong"
	CredentialsExpired Code = "credentials_expired"
	CredentialsRevoked Code = "credentials_revoked"
	CredentialsSlowed  Code = "credentials_slowed"
	TokenHanded        Code = "token_handed"
	UnknownKey         Code = "unknown_key"
	UnknownStaff       Code = "unknown_staff"
	HandleTaken        Code = "handle_taken"
	OwnAccess          Code = "own_access"
	OperatorExists     Code = "operator_exists"
	CredentialRefused  Code = "credential_refused" //nolint:gosec // a code
	CredentialOver     Code = "credential_over"    //nolint:gosec // a code
	APIUnavailable     Code = "api_unavailable"
	APIRefused         Code = "api_refused"
)

// credentials are the rows about who asks.
func credentials() []Row {
	const (
		login = "Log in with a token of your own: steward login"
		keys  = "See which there are: steward key list"
		staff = "See who there is: steward staff list"
	)

	return []Row{
		{CredentialsMissing, "no credentials were shown", login, false, NotAllowed, false},
		{CredentialsWrong, "these credentials are none of ours", login, false, NotAllowed, false},
		{CredentialsExpired, "these credentials have expired", "Ask an operator for a new token, then: steward login", false, NotAllowed, false},
		{CredentialsRevoked, "these credentials were revoked", login, false, NotAllowed, false},
		{
			CredentialsSlowed, "too many wrong credentials came from there", "Wait as long as the answer says, then: steward login",
			true, NotAllowed, false,
		},
		{
			TokenHanded, "somebody else made this token and has seen it", "Make one that only you know: steward staff rotate",
			false, NotAllowed, false,
		},
		{UnknownKey, "there is no such key", keys, false, Usage, false},
		{UnknownStaff, "there is no such member of staff", staff, false, Usage, false},
		{HandleTaken, "another member of staff has this handle", staff, false, Usage, false},
		{OwnAccess, "nobody changes or ends the own access", "Ask another operator.", false, Refused, false},
		{
			OperatorExists, "there is an operator who can log in", "Ask that operator for a token of your own, then: steward login",
			false, Refused, false,
		},
		{CredentialRefused, "no such credential can be made", "Read which member is wrong; the limits are in docs/roles.md", false, Usage, false},
		{CredentialOver, "this credential, or who had it, has ended", keys, false, Refused, false},
		{APIUnavailable, "the API did not answer as it should", "Check STEWARD_API_URL, then run: steward doctor", true, Failed, false},
		{APIRefused, "the API refused the request", "Read what it says of the request; see docs/api.md", false, Failed, false},
	}
}
