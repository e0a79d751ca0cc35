package appdb_test

import (
	"testing"
	"time"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
)

// A statement about one row that takes longer than a batch may is given more time; what is read afterwards, to see
// whether more came, is not held to the time of a batch.
func TestARowThatTakesLong(t *testing.T) {
	t.Parallel()

	const slow = `create function a.slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.15); return old; end $$;
		create trigger slowly before delete on a.leads for each row execute function a.slowly();
		delete from a.leads where id > 12 and id <= 30;`

	s := newShop(t, "create table a.leads (id bigint primary key, firm bigint not null references a.firms, mail text);"+
		"insert into a.leads select i, 1 + i / 31, 'ada' from generate_series(1, 40) as i; "+slow, "",
		"      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [id, firm]}}\n",
		appdb.Options{Limits: execute.Limits{Gather: 7, Batch: 4, MostBatch: 4, Statement: 50 * time.Millisecond}})
	s.erase(t)
	s.clean(t)
	s.holds(t, "(2,two)", "a.firms")
}
