package zdeps
import (
_ "go.temporal.io/server/temporal"
_ "go.temporal.io/server/tools/sql"
_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
_ "go.temporal.io/server/common/dynamicconfig"
_ "github.com/temporalio/ui-server/v2/server"
_ "go.temporal.io/sdk/client"
_ "github.com/jackc/pgx/v5"
_ "github.com/google/go-cmp/cmp"
_ "steward/internal/zdeps"
_ "github.com/compose-spec/compose-go/v2/loader"
_ "github.com/rogpeppe/go-internal/testscript"
_ "github.com/spf13/cobra"
)
