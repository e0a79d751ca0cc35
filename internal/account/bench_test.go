package account_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/pgtest"
)

// BenchmarkRecord writes signs of life for some of 100,000 accounts in one statement, without fsync: what is left is the
// work of a row.
func BenchmarkRecord(b *testing.B) {
	db := pgtest.OpenSteward(b)

	_, err := db.Exec(b.Context(), `insert into accounts (id, registered_at, last_interaction_at)
		select n, $1, $1 from generate_series(1, 100000) as n`, now.AddDate(-1, 0, 0))
	must(b, err)

	for _, rows := range []int{1, 100, 2000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				signs := map[string]time.Time{}
				for range rows {
					signs[strconv.Itoa(1+rand.IntN(100_000))] = now.Add(time.Duration(b.N+n) * time.Millisecond)
				}

				_, err := account.Record(b.Context(), db, signs, now)
				must(b, err)
			}

			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(rows), "us/row")
		})
	}
}
