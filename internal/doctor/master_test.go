package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/doctor"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestTheMasterKey(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	old, current := casekey.GenerateMaster(), casekey.GenerateMaster()

	// look visits with that file, as that role; "" is no file.
	look := func(file, url string, mode os.FileMode) doctor.Check {
		t.Helper()

		return find(t, visitMessages(t, func(d *doctor.Doctor) {
			d.Config.StewardDatabase = url
			path := filepath.Join(d.Config.KeysDir, casekey.MasterFile)

			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}

			if file == "" {
				return
			}

			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}

			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}), "keys", casekey.MasterFile)
	}

	is := func(what string, check doctor.Check, state doctor.State, code failure.Code, says string) {
		t.Helper()

		if check.State != state || check.Code != code || !strings.Contains(check.Says, says) ||
			strings.Contains(check.Says, strings.TrimPrefix(current, "steward-master-1:")) {
			t.Errorf("%s: %+v", what, check)
		}
	}

	is("nothing sealed yet", look(current, at, 0o600), doctor.OK, "", "no key of a case yet")

	for _, line := range []string{old, current} {
		master, err := casekey.ParseMaster([]byte(line))
		if err != nil {
			t.Fatal(err)
		}

		if _, err := (casekey.Keeper{Master: master}).Make(t.Context(), db, ids.New("mail"), time.Now(), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}

	is("both keys", look(current+"\n"+old, at, 0o600), doctor.OK, "", "of 2 master keys")
	is("as the core role", look(current+"\n"+old, pgtest.Member(t, at, "steward_core"), 0o600), doctor.OK, "", "of 2 master keys")
	is("as the API", look(current+"\n"+old, pgtest.Member(t, at, "steward_api"), 0o600), doctor.OK, "", "may not read what it wraps")
	is("the old one was taken away too early", look(current, at, 0o600), doctor.Fail, failure.CaseKeyWrong, "")
	is("another one", look(casekey.GenerateMaster(), at, 0o600), doctor.Fail, failure.CaseKeyWrong, "")
	is("others may read it", look(current, at, 0o640), doctor.Fail, failure.ConfigInvalid, "others may read it")
	is("no key", look("steward-master-1:x", at, 0o600), doctor.Fail, failure.ConfigInvalid, "no master key")
	is("not given", look("", at, 0o600), doctor.Skipped, "", "not looked at")
	is("without the database", look(current, "", 0o600), doctor.OK, "", "nothing was opened")
}
