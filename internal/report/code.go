package report

import "slices"

// Code names a finding. It is stable: reports that were given away hold it.
type Code string

// The codes of findings.
const (
	// FindMissed: no good backup of the day, and no time left.
	FindMissed Code = "missed"
	// FindNotCopied: no whole copy of the day, and no time left.
	FindNotCopied Code = "not_copied"
	// FindUnproven: the catalogue says more than the ledger proves.
	FindUnproven Code = "unproven"
	// FindAboveCeiling: it existed longer than promised, without an exception.
	FindAboveCeiling Code = "above_ceiling"
	// FindBelowFloor: it was gone earlier than promised.
	FindBelowFloor Code = "below_floor"
	// FindLost: objects of it were gone from the bucket, or found wanting, before their time.
	FindLost Code = "lost"
	// FindOverdue: an object of it was still in the bucket past its time and the tolerance.
	FindOverdue Code = "overdue"
	// FindException: it was kept longer than promised under a recorded exception.
	FindException Code = "exception"
	// FindLate: it was drilled, or copied, later than promised.
	FindLate Code = "late"
	// FindNoRun: no run opened the day.
	FindNoRun Code = "no_run"
	// FindRefused: an attempt of the day was refused.
	FindRefused Code = "refused"
	// FindRetaken: the day was taken again.
	FindRetaken Code = "retaken"
	// FindExcused: a dev machine was off.
	FindExcused Code = "excused"
	// FindTwiceDue: the clocks changed, and two runs were due; the day is done once.
	FindTwiceDue Code = "twice_due"
	// FindKeepAssumed: the entry of its end does not say when it was due.
	FindKeepAssumed Code = "keep_assumed"
	// FindRecorded: an entry of another kind names the backup.
	FindRecorded Code = "recorded"
)

// CodeRow says everything about one code.
type CodeRow struct {
	// Code is the name.
	Code Code
	// Broken says that the promise was not kept.
	Broken bool
	// Text is what people read.
	Text string
}

// Codes is the table of codes, in the order in which findings are told.
func Codes() []CodeRow {
	return []CodeRow{
		{FindMissed, true, "no good backup exists of this day, and the time to catch up is over"},
		{FindNotCopied, true, "no whole copy exists of this day, and the time to catch up is over"},
		{FindUnproven, true, "the catalogue says more than an entry of the ledger proves"},
		{FindAboveCeiling, true, "it existed longer than promised, and no exception was recorded"},
		{FindBelowFloor, true, "it was gone earlier than promised"},
		{FindLost, true, "objects of it were gone from the bucket, or found wanting, before their time"},
		{FindOverdue, true, "an object of it was still in the bucket past its time"},
		{FindException, false, "it was kept longer than promised under a recorded exception"},
		{FindLate, false, "it was proven later than promised"},
		{FindNoRun, false, "no run opened this day: its schedule missed or skipped it"},
		{FindRefused, false, "an attempt of this day was refused"},
		{FindRetaken, false, "the day was taken again"},
		{FindExcused, false, "the dev machine was off"},
		{FindTwiceDue, false, "the clocks changed and two runs were due; a day is done once"},
		{FindKeepAssumed, false, "the entry of its end does not say when it was due; judged by the time of keeping of today"},
		{FindRecorded, false, "the ledger says more about it"},
	}
}

// rank is the place of a code in the table; an unknown one comes last.
func (c Code) rank() int {
	rows := Codes()
	at := slices.IndexFunc(rows, func(row CodeRow) bool { return row.Code == c })
	if at < 0 {
		return len(rows)
	}

	return at
}

// Text is what people read of a code.
func (c Code) Text() string {
	rows := Codes()
	if at := c.rank(); at < len(rows) {
		return rows[at].Text
	}

	return string(c)
}

// finding makes a finding of a code, broken as the table says.
func finding(code Code) Finding { return Finding{Code: code, Broken: Codes()[code.rank()].Broken} }
