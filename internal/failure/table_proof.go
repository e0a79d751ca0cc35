package failure

// The codes of what proves an erasure: certificates, replay records, and how long what is left can stay.
const (
	CertificateRefused Code = "certificate_refused"
	NoConnector        Code = "no_connector"
	CopyWithoutAge     Code = "copy_without_age"
	CopyUndeclared     Code = "copy_undeclared"
	KeptBeyond         Code = "kept_beyond"
	ReplayInvalid      Code = "replay_invalid"
)

func proofs() []Row {
	return []Row{
		{
			CertificateRefused, "there can be no such certificate", "See what is still open: steward erase list", false, Refused, false,
		},
		{
			NoConnector, "nothing here can erase in this place yet",
			"Erase by hand there; the final certificate waits. See docs/erasure.md, then run: steward policy explain", false, Refused, false,
		},
		{
			CopyWithoutAge, "nobody knows how old a declared copy gets",
			"Give the copy its max_age in the policy, then run: steward policy check", false, Refused, false,
		},
		{
			CopyUndeclared, "the database has a copy that nobody declared",
			"Declare it under copies in the policy, or end it; see docs/erasure.md, then run: steward policy check", false, Refused, false,
		},
		{
			KeptBeyond, "a backup that may hold the subject stays beyond its time",
			"Let a younger backup be drilled, then run: steward backup list", false, Refused, false,
		},
		{
			ReplayInvalid, "the replay record is not what was written",
			"Check replay.identity and the bucket, then run: steward doctor", false, Broken, false,
		},
	}
}
