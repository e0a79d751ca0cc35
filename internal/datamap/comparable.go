package datamap

import "strings"

// Comparable is the form in which a value of this type is compared: mail addresses without case and without
// white space around, phone numbers by their digits, all others as they are.
func (i Identity) Comparable(value string) string {
	switch i {
	case Email:
		return strings.ToLower(strings.TrimSpace(value))
	case Phone:
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}

			return r
		}, value)
	case Visitor, User:
		return value
	default:
		return value
	}
}
