// Package fail2ban holds the filter and the jail for fail2ban, and tests that they
// read what package authlog writes.
package fail2ban
