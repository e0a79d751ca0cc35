# One image for the command, the workers and the API. Built by docker compose; the tags were not pulled on the machine that wrote
# this file: check them once, then pin their digests.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
# The modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG COMMIT=unknown
# Static: nothing of the build machine is needed at run time. GOTOOLCHAIN=local: the tag above decides the compiler.
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w -X main.commit=${COMMIT}" -o /out/steward ./starter && \
    go build -trimpath -ldflags "-s -w -X main.commit=${COMMIT}" -o /out/worker ./worker && \
    go build -trimpath -ldflags "-s -w -X main.commit=${COMMIT}" -o /out/api ./api

# The workers call pg_dump, pg_dumpall and pg_restore, and their minor version matters: before 17.12 a crafted archive
# runs code in pg_restore (CVE-2026-116314). Debian's own client is older, so the client comes from PostgreSQL's packages
# for Debian, in its newest minor; `steward doctor` says which one that was. pg_dump refuses servers newer than itself:
# raise POSTGRES_MAJOR before the newest database that is backed up is upgraded.
# Not the postgres image: it declares a volume, and every worker would leave an anonymous one behind.
FROM debian:bookworm-slim AS runtime
ARG POSTGRES_MAJOR=17
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates tzdata postgresql-common && \
    /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && \
    apt-get install -y --no-install-recommends "postgresql-client-${POSTGRES_MAJOR}" && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /out/steward /out/worker /out/api /usr/local/bin/
WORKDIR /
# Any number without a name will do; docker-compose.yml replaces it by the owner of the key files.
USER 10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/steward"]
CMD ["--help"]
