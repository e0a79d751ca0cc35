// Package drill proves a backup: it checks the signed manifest against the
// pinned key, downloads and decrypts the archive, restores it into a scratch
// database of another cluster as a role without privileges, and compares the
// result with the manifest. Only what passes is a good backup.
//
// The order matters: nothing is parsed before its signature holds, nothing is
// given to pg_restore before its hash is the manifest's, since a crafted
// archive can run code in pg_restore (CVE-2026-116314).
package drill
