package failure

// The codes about accounts and tasks.
const (
	AccountUnknown    Code = "account_unknown"
	AccountGone       Code = "account_gone"
	AccountChanged    Code = "account_changed"
	AccountKeyRefused Code = "account_key_refused"
	LookupKeyWrong    Code = "lookup_key_wrong"
	SignInFuture      Code = "sign_in_future"
	SignTooOld        Code = "sign_too_old"
	SignsWaiting      Code = "signs_waiting"
	EventRefused      Code = "event_refused"
	TaskUnknown       Code = "task_unknown"
	TaskDone          Code = "task_done"
	TaskNotYours      Code = "task_not_yours"
	OutcomeRefused    Code = "outcome_refused"
)

// accounts are the rows about accounts and tasks.
func accounts() []Row {
	const tasks = "See the tasks: steward task list"

	return []Row{
		{AccountUnknown, "there is no such account", "Register it first: POST /v1/accounts", false, Usage, false},
		{AccountGone, "the account is closed, and what was in it is deleted", "Stop naming it; see docs/accounts.md", false, Refused, false},
		{AccountChanged, "the account was used, or changed, meanwhile", "Read it again and decide anew.", false, Refused, false},
		{
			AccountKeyRefused, "the account's key is none that can be kept",
			"Name an integer, a UUID, or the id that POST /v1/accounts answered; see docs/accounts.md", false, Usage, false,
		},
		{
			LookupKeyWrong, "the account lookup key is not the one under which this installation knows its accounts",
			"Put the account-lookup.key of before back into the API's STEWARD_KEYS_DIR and start it again; see docs/keys.md", false, Failed, false,
		},
		{SignInFuture, "the time lies in the future", "Set the sender's clock right and send it again.", false, Usage, false},
		{SignTooOld, "the time lies before the year 2000", "Send times as RFC 3339; see docs/accounts.md", false, Usage, false},
		{SignsWaiting, "too much waits to be written", "Send it again in a moment; nothing of it was recorded.", true, Failed, false},
		{EventRefused, "the event does not go with its time of payment", "See docs/accounts.md", false, Usage, false},
		{TaskUnknown, "there is no such task", tasks, false, Usage, false},
		{TaskDone, "the task is done already, with another outcome", tasks, false, Refused, false},
		{TaskNotYours, "the task is for another role", tasks, false, NotAllowed, false},
		{OutcomeRefused, "a task of this kind does not end so", "See how it may end: steward task list --json", false, Usage, false},
	}
}
