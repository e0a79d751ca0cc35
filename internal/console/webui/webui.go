// Package webui makes links into the Temporal Web UI. The UI keeps saved views
// in each browser, so they cannot be shipped; a link with a query can.
package webui

import (
	"net/url"
	"strings"
	"time"
)

// View is one question that the Web UI answers.
type View struct {
	// Name is its word on the command line.
	Name string
	// Says is the question.
	Says string
	// Page is "workflows" or "schedules".
	Page string
	// Query selects the runs; empty is all of them.
	Query string
}

// The pages of a namespace.
const (
	workflows = "workflows"
	schedules = "schedules"
)

// Stuck selects the runs whose workflow tasks fail: they wait for a deploy.
const Stuck = `TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")`

// blocked selects, together with Stuck, the runs that cannot go on by themselves.
const blocked = `StewardStage IN ("failed", "bucket drift") OR `

// Views are the questions, in the order in which they are listed. The day of
// "today" begins at dayStart.
func Views(dayStart time.Time) []View {
	return []View{
		{"running", "what is at work now", workflows, `ExecutionStatus = "Running"`},
		{"overdue", "what is later than promised", workflows, `StewardOverdue = true AND ExecutionStatus = "Running"`},
		{"blocked", "what failed for good, or waits for a deploy or for its bucket to be mended", workflows, blocked + Stuck},
		{"today", "what began today", workflows, `StartTime >= "` + dayStart.UTC().Format(time.RFC3339) + `"`},
		{"failures", "what ended without success", workflows, `ExecutionStatus IN ("Failed", "TimedOut", "Terminated")`},
		{"backups", "the runs that take, drill and copy backups", workflows, `WorkflowType IN ("DailyBackup", "DailyFiles", "CopyBackups")`},
		{"prunes", "the runs that remove old backups", workflows, `WorkflowType IN ("PruneBackups", "PruneFiles", "PruneByHand")`},
		{"audits", "the runs that judge the promises, and sign reports of them", workflows, `WorkflowType IN ("PromiseAudit", "BackupEvidence")`},
		{"erasures", "the runs that erase accounts and persons", workflows, `WorkflowType IN ("Erasure")`},
		{"schedules", "what starts by itself, and when", schedules, ""},
	}
}

// Subject is the view of everything about one account, request or database.
func Subject(id string) View {
	return View{"subject", "everything about " + id, workflows, `StewardSubject = "` + quoted(id) + `"`}
}

// quoted makes a text safe inside double quotes of a query.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}

// Link is the address of a view.
func (v View) Link(base, namespace string) string {
	at := strings.TrimSuffix(base, "/") + "/namespaces/" + url.PathEscape(namespace) + "/" + v.Page
	if v.Query != "" {
		at += "?query=" + url.QueryEscape(v.Query)
	}

	return at
}

// Workflow is the address of the newest run of a workflow.
func Workflow(base, namespace, id string) string {
	return strings.TrimSuffix(base, "/") + "/namespaces/" + url.PathEscape(namespace) + "/" + workflows + "/" + url.PathEscape(id)
}
