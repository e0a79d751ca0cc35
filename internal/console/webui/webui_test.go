package webui_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"steward/internal/console/webui"
)

func ExampleView_Link() {
	fmt.Println(webui.Subject(`a"b`).Link("http://127.0.0.1:8233/", "default"))
	fmt.Println(webui.Workflow("http://127.0.0.1:8233", "default", "backup/app"))
	// Output:
	// http://127.0.0.1:8233/namespaces/default/workflows?query=StewardSubject+%3D+%22a%5C%22b%22
	// http://127.0.0.1:8233/namespaces/default/workflows/backup%2Fapp
}

func TestViewsHaveNamesAndQueries(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}

	for _, view := range webui.Views(time.Unix(0, 0)) {
		at, err := url.Parse(view.Link("http://ui", "steward"))
		if err != nil || at.Query().Get("query") != view.Query || view.Says == "" || seen[view.Name] {
			t.Errorf("%+v: %v", view, err)
		}

		seen[view.Name] = true
	}
}
