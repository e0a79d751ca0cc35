package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Item is what the promise calls these files beside the databases: a status of
// their own, such as files/uploads.
func (f Files) Item() string { return "files/" + f.Name }

// Items are what is backed up, by the names that people and commands use: the
// databases, then the sets of files as files/NAME.
func (b Backups) Items() []string {
	var names []string
	for _, database := range b.Databases {
		names = append(names, database.Name)
	}
	for _, files := range b.Files {
		names = append(names, files.Item())
	}
	return names
}

// NamesFiles reports whether a set of files is one that is backed up.
func (p *Policy) NamesFiles(name string) bool {
	return slices.ContainsFunc(p.Promises.Backups.Files, func(f Files) bool { return f.Name == name })
}

// filesPhrase names the sets of files behind the databases; nothing where there are
// none.
func filesPhrase(sets []Files) string {
	if len(sets) == 0 {
		return ""
	}
	places := make([]string, len(sets))
	for i, files := range sets {
		places[i] = files.Name + " in " + strings.TrimSuffix(files.Bucket+"/"+files.Prefix, "/")
	}
	return " and each set of files (" + strings.Join(places, ", ") + ")"
}

// checkFiles refuses files that share a name with something else, that lie in a
// bucket of Steward's, or that have no bucket to be kept in.
func (r *reader) checkFiles(p *Policy) {
	const path, storage = "promises.backups.files", "storage"
	names := map[string]bool{}
	for _, database := range p.Promises.Backups.Databases {
		names[database.Name] = true
	}
	for i, files := range p.Promises.Backups.Files {
		here := fmt.Sprintf("%s[%d]", path, i)
		r.refuse(names[files.Name], []string{here + ".name"}, "give files and databases names of their own",
			"something else that is backed up has the same name")
		r.refuse(files.Bucket != "" && slices.Contains(p.Storage.Buckets(), files.Bucket), []string{here + ".bucket"}, "name a bucket of the app",
			"the bucket is one of Steward's own")
		names[files.Name] = true
	}
	r.refuse(len(p.Promises.Backups.Files) > 0 && p.Storage.Files == "" && !r.Faulty("storage.files"), []string{storage, path},
		"add storage.files, a bucket of its own", "there is no bucket for the contents of files")
}
