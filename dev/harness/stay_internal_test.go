package harness

import (
	"strings"
	"testing"
	"time"
)

// A copy may outstay its time only under an entry that names it, its place, its end and a
// cause of the policy; and only until an entry ends that.
func TestAStayOfACopyNeedsItsEntry(t *testing.T) {
	t.Parallel()
	said := func(kind, backup, location, cause string) string {
		return `{"kind":"` + kind + `","body":{"backup":"` + backup + `","database":"app","day":"2026-11-22","location":"` + location + `",
			"due_at":"2026-11-29T02:30:00Z","cause":"` + cause + `"}}`
	}
	excepted := said("copy.excepted", "bkp_a", "far", "last_drilled")
	ended := said("copy.exception.ended", "bkp_a", "far", "younger_drilled")
	row := copyRow{BackupID: "bkp_a", Bucket: "far", Location: "far"}
	due := time.Date(2026, 11, 29, 2, 30, 0, 0, time.UTC)
	for _, each := range []struct {
		name  string
		texts []string
		due   time.Time
		want  bool
	}{
		{"no entry", nil, due, false},
		{"its entry", []string{excepted}, due, true},
		{"an entry of another end", []string{excepted}, due.Add(time.Second), false},
		{"an entry without an end", []string{strings.Replace(excepted, `"due_at"`, `"due"`, 1)}, due, false},
		{"an entry of another backup", []string{said("copy.excepted", "bkp_b", "far", "last_drilled")}, due, false},
		{"an entry of another place", []string{said("copy.excepted", "bkp_a", "farther", "last_drilled")}, due, false},
		{"the entry of its original", []string{said("backup.excepted", "bkp_a", "", "last_drilled")}, due, false},
		{"an entry of its original that names the place", []string{said("backup.excepted", "bkp_a", "far", "last_drilled")}, due, false},
		{"an entry without a cause", []string{said("copy.excepted", "bkp_a", "far", "")}, due, false},
		{"an entry for a cause that the policy has not", []string{said("copy.excepted", "bkp_a", "far", "forgotten")}, due, false},
		{"another kind of entry", []string{said("backup.copied", "bkp_a", "far", "last_drilled")}, due, false},
		{"a stay that has ended", []string{excepted, ended}, due, false},
		{"a stay whose end is another's", []string{excepted, said("copy.exception.ended", "bkp_b", "far", "younger_drilled")}, due, true},
		{"a stay that began anew", []string{excepted, ended, excepted}, due, true},
	} {
		if got := row.excepted(each.due, leaves(t, each.texts...)); got != each.want {
			t.Errorf("%s: %v, want %v", each.name, got, each.want)
		}
	}
}
