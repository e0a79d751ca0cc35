package system_test

import (
	"testing"

	"steward/dev/harness"
)

// savedRows keeps a table's rows aside while a statement damages them.
func savedRows(table, damage string) (do, undo string) {
	return `create table saved as table ` + table + `; ` + damage,
		`delete from ` + table + `; insert into ` + table + ` table saved; drop table saved`
}

func mailCorruptions() []corruption {
	const check = "mail"
	sql := func(name, says, do, undo string) corruption { return inDatabase(name, check, says, do, undo) }
	unsent, sentAgain := savedRows("mail", `delete from mail`)
	unkeyed, keyed := savedRows("case_keys", `delete from case_keys where case_id like 'mail%'`)
	return []corruption{
		sql("a mail that waits", "still waits", `update mail set state = 'waiting'`, `update mail set state = 'accepted'`),
		sql("a mail that is claimed", "still claimed", `update mail set claimed_until = now()`, `update mail set claimed_until = null`),
		sql("accepted at no time", "is accepted and does not say since when", `update mail set accepted_at = null`, `update mail set accepted_at = now()`),
		sql("refused at no time", "is refused and does not say since when", `update mail set state = 'refused'`, `update mail set state = 'accepted'`),
		sql("never sent", "the server never had it", `update mail set message_id = 'mail_aaaaaaaaaaaaaaaaaaaaaaaaaa@popkit.example'`,
			`update mail set message_id = id || '@popkit.example'`),
		sql("a mail of nobody", "was sent and is not in the outbox", unsent, sentAgain),
		sql("a copy too many", "was handed over 0 times, the server has 1", `update mail set handed = '{}'`, `update mail set handed = '{1}'`),
		sql("handed over too often", "was handed over 3 times", `update mail set handed = '{1,2,3}'`, `update mail set handed = '{1}'`),
		sql("a mail without a key", "has no key", unkeyed, keyed),
		sql("a key without a mail", "is gone, and its key is not",
			`insert into case_keys select 'mail_aaaaaaaaaaaaaaaaaaaaaaaaaa', master, wrapped, made_at, ends_at from case_keys where case_id like 'mail%'`,
			`delete from case_keys where case_id = 'mail_aaaaaaaaaaaaaaaaaaaaaaaaaa'`),
		sql("a bounce that was not heard", "came back and is called otherwise",
			`insert into mail_events (id, mail, kind, provider, reference, at, received_at, ends_at)
				select 'mev_aaaaaaaaaaaaaaaaaaaaaaaaaa', id, 'bounced', 'postmark', '1', now(), current_timestamp, ends_at from mail`, `delete from mail_events`),
	}
}

func webhookCorruptions() []corruption {
	const check = "webhook"
	sql := func(name, says, do, undo string) corruption { return inDatabase(name, check, says, do, undo) }
	unkeyed, keyed := savedRows("case_keys", `delete from case_keys where case_id like 'whe%'`)
	const nobody = `whe_aaaaaaaaaaaaaaaaaaaaaaaaaa`
	away := `update webhook_deliveries set endpoint = '` + nobody + `'`
	const back = `update webhook_deliveries set endpoint = (select id from webhook_endpoints)`
	return []corruption{
		sql("a delivery that waits", "still waits", `update webhook_deliveries set state = 'waiting'`, `update webhook_deliveries set state = 'delivered'`),
		sql("a delivery that is claimed", "still claimed", `update webhook_deliveries set claimed_until = now()`,
			`update webhook_deliveries set claimed_until = null`),
		sql("delivered at no time", "does not say since when", `update webhook_deliveries set settled_at = null`,
			`update webhook_deliveries set settled_at = now()`),
		sql("never delivered", "is delivered and never came to "+nobody, away, back),
		sql("delivered to another", "is on its way to nobody there", away, back),
		sql("another body", "came with another body", `update webhook_events set body = body || ' '`, `update webhook_events set body = rtrim(body)`),
		sql("another time", "says that it came at", `update webhook_deliveries set created_at = created_at + interval '1 day'`,
			`update webhook_deliveries set created_at = created_at - interval '1 day'`),
		sql("a call too many", "came 1 times and was tried 0 times", `update webhook_deliveries set tries = 0`, `update webhook_deliveries set tries = 1`),
		sql("the same twice", "twice", `alter table webhook_deliveries drop constraint webhook_deliveries_event_endpoint_key;
			insert into webhook_deliveries (id, event, endpoint, state, created_at, next_at, tries, settled_at, ends_at)
			select 'whd_aaaaaaaaaaaaaaaaaaaaaaaaaa', event, endpoint, state, created_at, next_at, tries, settled_at, ends_at from webhook_deliveries`,
			`delete from webhook_deliveries where id = 'whd_aaaaaaaaaaaaaaaaaaaaaaaaaa'`),
		sql("an endpoint without a key", "has no key", unkeyed, keyed),
		sql("a key without an endpoint", "is gone, and its key is not",
			`insert into case_keys select '`+nobody+`', master, wrapped, made_at, ends_at from case_keys where case_id like 'whe%'`,
			`delete from case_keys where case_id = '`+nobody+`'`),
		{"another secret", check, "signature", func(v *vandal) {
			call := v.world.Hooks.Calls()[0]
			endpoint, secret := v.world.Hooks.Known(call.Path)
			v.world.Hooks.Knows(call.Path, endpoint, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
			v.undo = append(v.undo, func() { v.world.Hooks.Knows(call.Path, endpoint, secret) })
		}},
		inDatabase("a record beyond its end", "records", "1 rows of webhook_deliveries stay beyond their end",
			`update webhook_deliveries set ends_at = '2000-01-01'`, `update webhook_deliveries set ends_at = (select ends_at from webhook_events)`),
	}
}

// TestCheckWorldFindsEveryCorruptionOfMessages shows that each check of mails, webhooks
// and own records can fail.
func TestCheckWorldFindsEveryCorruptionOfMessages(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Processes: []string{"core"}, Messages: true, Undrilled: true, Unchecked: true})
	if _, err := world.AddEndpoint(t.Context(), "/hooks"); err != nil {
		t.Fatal(err)
	}
	if _, problems := messaged(t.Context(), world, harness.Plan{}); len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := world.ExpireRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	damaged(t, world, append(mailCorruptions(), webhookCorruptions()...))
}
