// Package elsewhere are the stores in which nothing is erased from here: backups, which
// expire; copies that the deployment declares, which follow in their own time; and
// processors and logs that nothing connects with yet, where people erase by hand.
//
// They keep an erasure honest: a place that holds data of subjects stands in each plan and
// certificate, with the day by which nothing is left there, or with the reason why nobody can say.
package elsewhere
