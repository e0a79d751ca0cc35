package selection

import (
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// Job is one thing that is done to some rows of one table.
type Job struct {
	Table  liveschema.Table
	Action plan.Action
	// Columns are those that are unlinked or overwritten.
	Columns []string
	// Together are the tables that go in the same statement, this one among them; nil for a table of its own.
	Together []Job

	ways   []string                           // the conditions of which one finds each row
	moved  func(leaf *liveschema.Name) string // what is asked of parents in the statement that does it
	assign string                             // what an update sets
}

// Jobs are all that is done along the route, in that order. The session's tables must be full before any is done.
func (s Selection) Jobs() (jobs []Job) {
	for _, table := range s.Route.Kept {
		if job, needed := s.overwrite(table); needed {
			jobs = append(jobs, job)
		}
	}

	for _, group := range s.Route.Going {
		together := make([]Job, len(group))

		for i, table := range group {
			for _, unlink := range table.Unlinks {
				jobs = append(jobs, s.unlink(unlink))
			}

			together[i] = Job{Table: table.Live, Action: plan.DeleteRows, ways: s.ways(table), moved: s.asks(keysOf(table))}
		}

		last := together[0]
		if len(group) > 1 || s.ownCircle(group[0]) {
			last.Together = together
		}

		jobs = append(jobs, last)
	}

	return jobs
}

// ownCircle says that rows of a table name each other by a key that cannot be made null.
func (s Selection) ownCircle(table route.Table) bool {
	for _, key := range table.Live.Keys {
		if key.To != table.Name {
			continue
		}

		opened := false
		for _, unlink := range table.Unlinks {
			opened = opened || unlink.Key.From == table.Name && slices.Equal(sortedCopy(unlink.Key.Columns), sortedCopy(key.Columns))
		}

		if !opened {
			return true
		}
	}

	return false
}

func (s Selection) unlink(unlink route.Unlink) Job {
	live, _ := s.Schema.Table(unlink.Key.From)
	sets := make([]string, len(unlink.Nulls))

	for i, column := range unlink.Nulls {
		sets[i] = liveschema.Quote(column) + " = null"
	}

	// No row fulfils the condition any more once a column of the key is null.
	return Job{
		Table: live, Action: plan.Unlink, Columns: unlink.Nulls,
		ways: []string{s.InSet(unlink.Key, "") + s.remembered(unlink)}, assign: strings.Join(sets, ", "),
		moved: s.asks([]route.Key{unlink.Key}),
	}
}

// asks says what is asked of the rows that keys name.
func (s Selection) asks(keys []route.Key) func(*liveschema.Name) string {
	return func(leaf *liveschema.Name) string { return s.notMoved(keys, leaf) }
}

// overwrite is what is done to rows that stay; those that look so already need nothing.
func (s Selection) overwrite(table route.Table) (Job, bool) {
	job := Job{Table: table.Live, Action: plan.Overwrite, moved: s.asks(keysOf(table))}

	var sets []string

	for _, overwrite := range table.Overwrites {
		column, value := liveschema.Quote(overwrite.Column), "null"

		switch overwrite.Strategy {
		case datamap.Fixed:
			value = fixed(overwrite)
		case datamap.Null:
		case datamap.KeyedHash, datamap.WithRow:
			continue
		}

		sets = append(sets, column+" = "+value)
		job.Columns = append(job.Columns, overwrite.Column)
	}

	job.assign = strings.Join(sets, ", ")

	for _, way := range s.ways(table) {
		job.ways = append(job.ways, way+" and "+differs(table))
	}

	return job, len(sets) > 0
}

// differs says that a row which stays does not look yet as it is to look, but for keyed hashes. It is empty where
// nothing is overwritten.
func differs(table route.Table) string {
	var conditions []string

	for _, overwrite := range table.Overwrites {
		column := alias + "." + liveschema.Quote(overwrite.Column)

		switch overwrite.Strategy {
		case datamap.Fixed:
			conditions = append(conditions, column+"::text is distinct from ("+fixed(overwrite)+")::text")
		case datamap.Null:
			conditions = append(conditions, column+" is not null")
		case datamap.KeyedHash, datamap.WithRow:
		}
	}

	if len(conditions) == 0 {
		return ""
	}

	return "(" + strings.Join(conditions, " or ") + ")"
}

func fixed(overwrite route.Overwrite) string {
	return literal(overwrite.Value) + "::" + overwrite.Type
}

func sortedCopy(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)

	return names
}

// Leaves are the tables in which the job's rows are.
func (j Job) Leaves() []liveschema.Name {
	if j.Table.Kind == liveschema.Partitioned {
		return j.Table.Partitions
	}

	return []liveschema.Name{j.Table.Name}
}

// Count counts the rows that the job is to be done to.
func (j Job) Count() string {
	if len(j.ways) == 1 {
		return "select count(*) from " + From(j.Table) + " where " + j.ways[0]
	}

	parts := make([]string, len(j.ways))
	for i, way := range j.ways {
		parts[i] = "select t.tableoid, t.ctid from " + From(j.Table) + " where " + way
	}

	return "select count(*) from (" + strings.Join(parts, " union ") + ") as found"
}

// Whole does the job at once, in statements that are run one after the other.
func (j Job) Whole() (statements []string) {
	if j.Together != nil {
		return []string{together(j.Together)}
	}

	for _, way := range j.ways {
		statements = append(statements, j.do(From(j.Table), way+j.moved(nil)))
	}

	return statements
}

// together deletes rows that name each other in one statement: the server looks at the keys at its end. Its answer
// counts the rows of the last table only, so that they are counted before.
func together(jobs []Job) string {
	parts := make([]string, len(jobs))
	for i, job := range jobs {
		parts[i] = job.do(From(job.Table), "("+strings.Join(job.ways, " or ")+")"+job.moved(nil))
	}

	last := len(parts) - 1
	for i := range parts[:last] {
		parts[i] = name(i) + " as (" + parts[i] + ")"
	}

	if last == 0 {
		return parts[0]
	}

	return "with " + strings.Join(parts[:last], ", ") + " " + parts[last]
}

// Find finds the places of the rows in one leaf, each once, so many at most.
func (j Job) Find(leaf liveschema.Name) string {
	parts := make([]string, len(j.ways))
	for i, way := range j.ways {
		parts[i] = "select t.ctid from only " + leaf.SQL() + " as " + alias + " where " + way
	}

	return strings.Join(parts, " union ") + " limit $1"
}

// atPlaces holds of rows that are at the places in $1. They come out of a query so that the server goes to
// them: it reckons with few. Of an array that it sees the length of it reads all of the subject's rows instead, for each batch.
const atPlaces = "t.ctid = any (array(select unnest($1::tid[])))"

// At does the job to those rows of a leaf that are at the given places, and are still such as it is to be done to:
// another row may have come to such a place meanwhile.
func (j Job) At(leaf liveschema.Name) string {
	return j.do("only "+leaf.SQL()+" as "+alias, atPlaces+" and ("+strings.Join(j.ways, " or ")+")"+j.moved(&leaf))
}

func (j Job) do(from, condition string) string {
	if j.Action == plan.DeleteRows {
		return "delete from " + from + " where " + condition
	}

	return "update " + from + " set " + j.assign + " where " + condition
}

// Each lists the jobs with one entry for each table, those that go together one after the other.
func Each(jobs []Job) (each []Job) {
	for _, job := range jobs {
		if job.Together != nil {
			each = append(each, job.Together...)
		} else {
			each = append(each, job)
		}
	}

	return each
}

// CountAll counts the rows of each job, in one statement that gives one array.
func CountAll(jobs []Job) string {
	parts := make([]string, len(jobs))
	for i, job := range jobs {
		parts[i] = "(" + job.Count() + ")"
	}

	return "select array[" + strings.Join(parts, ", ") + "]::bigint[]"
}
