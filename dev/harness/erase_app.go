package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// clubApp is the app of a world that erases: an account with people who name each other, what they did in two
// months, a profile that is JSON, and a file in the app's bucket. The keys of two columns, the partitions and the
// self-reference are those shapes that an erasure has to think about.
const clubApp = `
alter database %[1]s owner to shop_owner;
create schema club authorization shop_owner;
set role shop_owner;
create table club.accounts (id bigint primary key, name text not null, closed_at timestamptz, profile jsonb not null);
create table club.members (account bigint not null references club.accounts, id bigint not null, email text not null,
	"Full Name" text not null, invited_by bigint, primary key (account, id),
	foreign key (account, invited_by) references club.members (account, id));
create table club.visits (account bigint not null, member bigint not null, month date not null, page text not null,
	id bigint generated always as identity, primary key (id, month),
	foreign key (account, member) references club.members (account, id)) partition by range (month);
create table club.visits_10 partition of club.visits for values from ('2020-10-01') to ('2020-11-01');
create table club.visits_11 partition of club.visits for values from ('2020-11-01') to ('2020-12-01');
create table club.files (id bigint generated always as identity primary key, account bigint not null references club.accounts,
	bucket text not null, object text not null);
create table club.tiers (name text primary key, cents bigint not null);
create index on club.visits (account, member);
create index on club.members (account, invited_by);
create index on club.files (account);
insert into club.tiers values ('free', 0), ('paid', 900);
reset role;
`

// clubMap is what was decided about it.
const clubMap = `version: 1
databases:
  - name: app
    account:
      table: club.accounts
      key: id
      close: update club.accounts set closed_at = coalesce(closed_at, '2020-01-01') where id = $1
      reopen: update club.accounts set closed_at = null where id = $1
    objects:
      - {table: club.files, bucket: bucket, object: object}
    prefixes:
      - {bucket: demo-app-uploads, prefix: "club/{account}/"}
    tables:
      club.accounts:
        category: company
        role: controller
        rows: delete
        columns:
          erase: [name, profile]
          not_personal: [id, closed_at]
      club.members:
        category: company
        role: controller
        path: [account]
        rows: delete
        person:
          match:
            - {identity: email, column: email}
          rows: delete
        columns:
          erase: [email, "Full Name"]
          not_personal: [account, id, invited_by]
      club.visits:
        category: collected
        role: processor
        path: [account, member]
        rows: delete
        columns:
          erase: [page]
          not_personal: [account, member, month, id]
      club.files:
        category: company
        role: controller
        path: [account]
        rows: delete
        columns:
          erase: [object]
          not_personal: [id, account, bucket]
      club.tiers:
        not_personal: "what things cost"
`

// erasingPolicy names nothing that nobody can connect with, so that an erasure gets to its end, and keeps backups as
// short as may be: each erasure moves the clock that far.
func erasingPolicy(text []byte) []byte {
	for _, promise := range []string{"login_records", "processors"} {
		text = without(text, promise)
	}
	return []byte(strings.NewReplacer("keep: 7d", "keep: 2d", "tolerance: 2h", "tolerance: 1h").Replace(string(text)))
}

// without takes one promise out of the text of a policy.
func without(text []byte, promise string) []byte {
	var kept []string
	inside := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") || !strings.HasPrefix(line, " ") {
			inside = strings.HasPrefix(line, "  "+promise+":")
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

// fillClub makes the app of a world that erases.
func fillClub(ctx context.Context, admin string) error {
	at, err := url.Parse(admin)
	if err != nil {
		return fmt.Errorf("reading a URL: %w", err)
	}
	return Exec(ctx, admin, fmt.Sprintf(clubApp, pgx.Identifier{at.Path[1:]}.Sanitize()))
}

// dataMap is where the world's data map is: that of the clone, or its own.
func (w *World) dataMap() string {
	if w.Options.Erase {
		return filepath.Join(w.Dir, "datamap.yaml")
	}
	return filepath.Join(shared.root, "datamap.yaml")
}

func (w *World) writeDataMap() error {
	if err := os.WriteFile(w.dataMap(), []byte(clubMap), 0o600); err != nil {
		return fmt.Errorf("writing the data map: %w", err)
	}
	return nil
}

// Canary is in every value of people that the app of a world that erases has.
const Canary = "Canaryclub"

// Account is one of the app's, with what may be found of it nowhere once it is erased.
type Account struct {
	// ID is its key.
	ID string
	// Canaries are strings of its rows and objects alone, of no other account's.
	Canaries []string
	// Object is the name of its file in the app's bucket, and Content what that has.
	Object, Content string
	// Nameless is an object below its prefix that no row names.
	Nameless string

	rows string // a hash of its rows as they were made
}

// Members and visits of an account.
const (
	accountMembers = 6
	memberVisits   = 8
)

// addRows lets the app make an account with all that hangs on it.
const addRows = `
insert into club.accounts (id, name, profile)
	values (%[1]s, 'Club of Canaryclub %[1]s', '{"contact": {"email": "Chair.Canaryclub.%[1]s@mail.test"}}');
insert into club.members select %[1]s, n, 'member.' || n || '.Canaryclub.%[1]s@mail.test', 'Canaryclub Person %[1]s-' || n, nullif(n - 1, 0)
	from generate_series(1, %[2]d) as n;
insert into club.visits (account, member, month, page)
	select %[1]s, m, date '2020-10-15' + 31 * (n %% 2), '/canary/Canaryclub page %[1]s/' || n
	from generate_series(1, %[2]d) as m, generate_series(1, %[3]d) as n;
insert into club.files (account, bucket, object) values (%[1]s, '%[4]s', '%[5]s');
`

// AddAccount lets the app make an account, and tells Steward of it.
func (w *World) AddAccount(ctx context.Context) (Account, error) {
	id := strconv.Itoa(firstAccount + len(w.accounts))
	made := Account{
		ID: id, Object: "club/Canaryclub logo " + id + ".png", Content: "a picture of Canaryclub " + id,
		Nameless: "club/" + id + "/Canaryclub thumb.png",
		Canaries: []string{
			"Club of Canaryclub " + id, ".Canaryclub." + id + "@mail.test", "Canaryclub Person " + id + "-",
			"Canaryclub page " + id + "/", "Canaryclub logo " + id,
		},
	}
	bucket := w.Rules.Promises.Backups.Files[0].Bucket
	err := errors.Join(
		Exec(ctx, w.AppURL, fmt.Sprintf(addRows, id, accountMembers, memberVisits, bucket, made.Object)),
		w.PutFile(ctx, made.Object, made.Content),
		w.PutFile(ctx, made.Nameless, made.Content),
		w.Ask(ctx, w.Callers.App, http.MethodPost, "/v1/accounts", of(id), nil),
	)
	if err == nil {
		made.rows, err = w.RowsOf(ctx, id)
	}
	if err != nil {
		return made, fmt.Errorf("making an account: %w", err)
	}
	w.accounts = append(w.accounts, made)
	return made, nil
}

// firstAccount is the id of the first; those of others have as many digits, so that none is a part of another.
const firstAccount = 100001

// Written takes note of what an account's rows are now, after a test let the app write.
func (w *World) Written(ctx context.Context, account string) error {
	for i := range w.accounts {
		if w.accounts[i].ID == account {
			var err error
			w.accounts[i].rows, err = w.RowsOf(ctx, account)
			return err
		}
	}
	return fmt.Errorf("account %s: %w", account, os.ErrNotExist)
}

// RowsOf is a hash of every row of an account, in every table of the app.
func (w *World) RowsOf(ctx context.Context, id string) (string, error) {
	found, err := Rows(ctx, w.AppURL, `select count(*) || ' ' || md5(coalesce(string_agg(line, E'\n' order by line), '')) from (
		select 'account ' || t::text as line from club.accounts as t where id = $1::text::bigint
		union all select 'member ' || t::text from club.members as t where account = $1::text::bigint
		union all select 'visit ' || t::text from club.visits as t where account = $1::text::bigint
		union all select 'file ' || t::text from club.files as t where account = $1::text::bigint) as all_rows`, id)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("hashing the rows of an account: %d lines, %w", len(found), err)
	}
	return found[0], nil
}
