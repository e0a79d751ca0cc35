package temporaldev

import (
	"context"
	"errors"
	"fmt"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"steward/dev/internal/ports"
	"steward/dev/internal/probe"
)

// webUI is the running Web UI.
type webUI struct {
	server *uiserver.Server
	ended  chan error
}

// startUI returns when the Web UI answers, or with the reason why it cannot.
func startUI(ctx context.Context, options Options) (*webUI, error) {
	// The UI server ends the process when its port is taken, so that is asked first.
	if err := ports.Probe(ctx, options.UIPort); err != nil {
		return nil, fmt.Errorf("taking port %d: %w", options.UIPort, err)
	}
	ui := &webUI{
		server: uiserver.NewServer(server_options.WithConfigProvider(uiOptions(options))),
		ended:  make(chan error, 1),
	}
	go func() { ui.ended <- ui.server.Start() }()
	ready := make(chan error, 1)
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	go func() {
		ready <- until(ctx, func(ctx context.Context) error { return probe.HTTP(ctx, uiHealth(options.UIPort)) })
	}()
	select {
	case err := <-ready:
		return ui, err
	case err := <-ui.ended:
		return nil, errors.Join(errors.New("it ended at once"), err)
	}
}

// stop frees the port; open pages see a closed connection.
func (ui *webUI) stop() {
	ui.server.Stop()
	// Start returns nil after a stop: the UI server turns every other outcome
	// into the end of the process itself.
	if err := <-ui.ended; err != nil {
		return
	}
}

// uiOptions switches off the writes with which an operator could by mistake end
// or repeat a promise's run (DESIGN 7); Cancel, Signal and Update stay, because a
// workflow answers them only with what the database allows.
func uiOptions(options Options) *uiconfig.Config {
	return &uiconfig.Config{
		TemporalGRPCAddress:       hostPort(options.FrontendPort),
		Host:                      ports.Host,
		Port:                      options.UIPort,
		EnableUI:                  true,
		DefaultNamespace:          options.Namespace,
		DisableNewsFetch:          true,
		HideLogs:                  true,
		CORS:                      uiconfig.CORS{CookieInsecure: true},
		WorkflowTerminateDisabled: true,
		WorkflowResetDisabled:     true,
		WorkflowPauseDisabled:     true,
		BatchActionsDisabled:      true,
		StartWorkflowDisabled:     true,
		ActivityCommandsDisabled:  true,
	}
}

func uiHealth(port int) string { return "http://" + hostPort(port) + "/healthz" }
