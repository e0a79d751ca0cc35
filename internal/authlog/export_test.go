package authlog

import "time"

// Hurry lets a Log look for old files more often.
func Hurry(l *Log, every time.Duration) { l.every = every }
