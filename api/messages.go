package main

import (
	"fmt"

	"steward/internal/casekey"
	"steward/internal/keys"
	"steward/internal/policy"
	"steward/internal/publicnet"
)

// messages are the resources about mail and webhooks.
func (s *service) messages(p *process) []resource {
	return []resource{
		mailbox{db: p.db, clock: p.clock, keep: periodsOf(p.policy)},
		mailEvents{db: p.db, clock: p.clock},
		webhooks{db: p.db, clock: p.clock, keeper: p.keeper, rule: publicnet.Rule{Loopback: p.config.Env == policy.Dev}},
	}
}

// openKeeper reads the master key if this process was given one. Without it everything
// works but what has to seal something, which is then refused.
func (p *process) openKeeper() error {
	held, err := holds(p.config.KeysDir, casekey.MasterFile)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	if !held {
		p.log.Warn("no master key: nothing can be sealed here", "file", casekey.MasterFile)

		return nil
	}

	master, err := casekey.ReadMaster(p.config.KeysDir)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	p.keeper = casekey.Keeper{Master: master}

	return nil
}

// holds reports whether this process was given a key file of that name.
func holds(dir, name string) (bool, error) {
	if dir == "" {
		return false, nil
	}

	return keys.Holds(dir, name)
}
