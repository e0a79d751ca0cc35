package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

// commit is what this binary was built from; the linker writes it.
//
//nolint:gochecknoglobals // -ldflags -X can only reach a global
var commit = "unknown"

// versionResult is what version prints.
type versionResult struct {
	// Commit is what this binary was built from.
	Commit string `json:"commit"`
	// Go is the version of the compiler.
	Go string `json:"go"`
	// Platform is the operating system and the architecture.
	Platform string `json:"platform"`
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print what this binary was built from",
		Long: "Prints the commit that this binary was built from, and the compiler.", Example: "  steward version --json",
		Args: args(cobra.NoArgs), Annotations: unattached(),
		RunE: func(*cobra.Command, []string) error {
			result := versionResult{Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if a.console.JSON {
				return a.console.Document(result)
			}

			return a.console.Say("steward %s, %s, %s", result.Commit, result.Go, result.Platform)
		},
	}
}
