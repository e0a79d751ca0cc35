package policy

import "steward/internal/promise"

// made is a promise that stands in the policy.
type made struct {
	name     promise.Name
	plain    Plain
	sentence string
}

// Rules returns the rules of the policy, in the order of promise.Table, as
// promise.Evaluate wants them.
func (p *Policy) Rules() []promise.Rule {
	var rules []promise.Rule
	for _, m := range p.made() {
		rule := promise.Rule{Name: m.name, Mode: m.plain.Mode, Zone: p.Company.Zone}
		switch m.name {
		case promise.Backups:
			rule.Backups = p.Promises.Backups.rule()
		case promise.Ledger:
			l := p.Promises.Ledger
			rule.Ledger = &promise.LedgerRule{VerifyEvery: l.VerifyEvery, SealWithin: l.SealWithin}
		default: // not built: it is listed and not judged
		}
		rules = append(rules, rule)
	}
	return rules
}

func (b Backups) rule() *promise.BackupRule {
	rule := &promise.BackupRule{
		At: b.At, DoneWithin: b.DoneWithin, CatchUp: b.CatchUp, Keep: b.Keep, Tolerance: b.Tolerance, Databases: b.Items(),
	}
	for _, files := range b.Files {
		if files.MayBeEmpty {
			rule.MayBeEmpty = append(rule.MayBeEmpty, files.Item())
		}
	}
	for _, other := range b.Copies {
		for _, database := range b.Databases {
			rule.Databases = append(rule.Databases, other.Item(database.Name))
		}
	}
	return rule
}

// HeartbeatEnv returns the environment variable that holds the heartbeat URL of
// a promise, and false when it has none.
func (p *Policy) HeartbeatEnv(name promise.Name) (string, bool) {
	for _, heartbeat := range p.Heartbeats {
		if heartbeat.Promise == name {
			return heartbeat.URLEnv, true
		}
	}
	return "", false
}
