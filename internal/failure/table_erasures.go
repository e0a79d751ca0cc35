package failure

// The codes about erasures and holds.
const (
	ErasureUnknown     Code = "erasure_unknown"
	ErasureOpen        Code = "erasure_open"
	ErasureDecided     Code = "erasure_decided"
	ErasureMoved       Code = "erasure_moved"
	OwnErasure         Code = "own_erasure"
	RemaindersFound    Code = "remainders_found"
	SubjectRefused     Code = "subject_refused"
	HoldUnknown        Code = "hold_unknown"
	HoldEnd            Code = "hold_end"
	PolicyObserves     Code = "policy_observes"
	StoreGone          Code = "store_gone"
	RecheckOld         Code = "recheck_old"
	CertificateMissing Code = "certificate_missing"
	CauseMissing       Code = "cause_missing"
	ReplayUnknown      Code = "replay_unknown"
)

// erasures are the rows about erasures and holds.
func erasures() []Row {
	const (
		list = "See the erasures: steward erase list"
		show = "See what it waits for: steward erase list"
	)

	return []Row{
		{ErasureUnknown, "there is no such erasure", list, false, Usage, false},
		{ErasureOpen, "an erasure of this account is open already", list, false, Refused, false},
		{ErasureDecided, "the erasure is decided for good, or has ended", show, false, Refused, false},
		{ErasureMoved, "the erasure has gone on meanwhile", show, true, Refused, false},
		{
			OwnErasure, "nobody approves what they asked for or opened",
			"Ask another lead to approve it; see: steward erase list", false, NotAllowed, false,
		},
		{
			RemaindersFound, "something of the subject is still there",
			"Look at it, mend what is left, and have it tried again; see: steward erase list",
			false, Broken, false,
		},
		{
			SubjectRefused, "these are no identities of a person",
			"Name 1 to 50 identities of the types that docs/erasure.md has", false, Usage, false,
		},
		{
			HoldEnd, "a hold ends within ten years, and not before it begins",
			"Name an end within ten years; one that is needed for longer is set anew. See: steward hold list", false, Usage, false,
		},
		{
			PolicyObserves, "the policy only observes erasures, so that none is decided",
			"Set promises.erasure.mode to enforce, and it goes on; or cancel it. See: steward erase list", false, Refused, false,
		},
		{
			StoreGone, "a place that the erasure is about is not in the data map or the policy any more",
			"Put it back, and have the erasure tried again. See: steward erase list", false, Broken, false,
		},
		{
			RecheckOld, "the last look before the decision was too old each time",
			"Compare the clocks of the machines that run core and erase; have it tried again. See: steward erase list", false, Broken, false,
		},
		{
			CertificateMissing, "there is no such certificate, or not yet",
			"An erasure has its first one once nothing of the subject was found; see: steward erase list", false, Usage, false,
		},
		{
			CauseMissing, "the task or the act that the erasure was opened for is not there, or asks for something else",
			"Find out who opened it, cancel it, and open it anew if it is wanted. See: steward erase list", false, Broken, false,
		},
		{
			ReplayUnknown, "in the bucket of replay records lies something of which nobody knows the erasure",
			"See docs/runbooks.md#replay-unknown, and which are known: steward replay list", false, Broken, false,
		},
		{HoldUnknown, "there is no such hold, or it was released", "See which there are: steward hold list", false, Usage, false},
	}
}
