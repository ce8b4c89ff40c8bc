# The mirror tracker. `make` alone lists the targets.

GO    ?= go
TOOL  := $(GO) tool -modfile=tools/go.mod
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -o bin/

.DEFAULT_GOAL := help
.PHONY: help build demo run test test-unit matrix chaos lint fuzz bench bench-crawl bench-ftp bench-peer bench-redirect clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build crawler, redirector and ftpd into bin/
	@mkdir -p bin
	$(BUILD) ./cmd/crawler ./cmd/redirector ./cmd/ftpd

demo: build ## crawl five small FTP sites and redirect to their replicas (ONCE=1: check the answers and end)
	@$(BUILD) ./cmd/demo
	@bin/demo $(if $(ONCE),--once)

run: build ## start crawler and redirector with CONFIG=tracker.toml
	@scripts/run.sh $(CONFIG)

test: ## install what the tests need, and run all of them with the race detector
	scripts/test-deps.sh
	$(TOOL) gotestsum --format pkgname -- -race -timeout 15m ./...

test-unit: ## run only the tests that need no other programs
	$(GO) test -short ./...

# Debian's is older than what its users have.
RCLONE_VERSION := v1.75.1

.cache/rclone/$(RCLONE_VERSION)/rclone:
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 $(GO) install -trimpath github.com/rclone/rclone@$(RCLONE_VERSION)

matrix: .cache/rclone/$(RCLONE_VERSION)/rclone ## try all that clients of others can do with ftpd, and write docs/ftpd-clients.md
	scripts/test-deps.sh
	PATH="$(CURDIR)/$(<D):$$PATH" $(GO) test -parallel 6 -timeout 120m -run TestMatrix ./internal/distftp/matrix -all -write

chaos: ## what takes longer: a crawler killed at every listing, a hundred copies of a large site, ten minutes without a database, a hundred thousand FTP connections, an FTP server killed a hundred times, masters, slaves and their database a thousand times, ten thousand downloads drawn among foreign servers
	scripts/test-deps.sh
	$(GO) test -v -tags chaos -timeout 60m -run 'Killed|Copies|Serving' ./internal/integration
	$(GO) test -v -tags chaos -timeout 60m -run 'Connections|Killed' ./internal/distftp/siege
	$(GO) test -v -tags chaos -timeout 180m -run 'Killed|CutOff' ./internal/distftp/outage
	$(GO) test -v -tags chaos -timeout 60m ./internal/distftp/abroad
	$(GO) test -v -tags chaos -timeout 60m -run BelowAlias ./internal/distftp/matrix

lint: ## vet, staticcheck, govulncheck, gofmt, go fix, tidy modules, equal migrations
	scripts/lint.sh

fuzz: ## fuzz every parser for FUZZTIME (default 30s) each
	scripts/fuzz.sh

bench: ## measure digests, listings, the store and the resolver
	scripts/bench.sh

bench-crawl: build ## measure crawls near and far against lftp, rclone and others (ONLY=100ms DIRS=2000 RCLONE=path JSON=file)
	scripts/test-deps.sh
	$(BUILD)bench-crawl ./internal/bench/crawl
	bin/bench-crawl $(if $(ONLY),--only $(ONLY)) $(if $(DIRS),--dirs $(DIRS)) $(if $(JSON),--json $(JSON))

bench-ftp: build ## measure the FTP server, alone and with slaves, beside vsftpd, proftpd and pure-ftpd (ONLY=files,logins JSON=file)
	scripts/test-deps.sh
	$(BUILD)bench-ftp ./internal/bench/ftp
	bin/bench-ftp $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json $(JSON))

bench-peer: build ## measure packs: their size, and how fast they are imported (ONLY=size DIRS=20000 JSON=file)
	scripts/test-deps.sh
	$(BUILD)bench-peer ./internal/bench/peer
	bin/bench-peer $(if $(ONLY),--only $(ONLY)) $(if $(DIRS),--dirs $(DIRS)) $(if $(JSON),--json $(JSON))

bench-redirect: build ## measure the redirector on a world of ten million directories (ONLY=rank DIRS=200000 NGINX=path MIRRORBITS=path JSON=file)
	scripts/test-deps.sh
	$(BUILD)bench-redirect ./internal/bench/redirect
	bin/bench-redirect $(if $(ONLY),--only $(ONLY)) $(if $(DIRS),--dirs $(DIRS)) $(if $(JSON),--json $(JSON))

clean: ## remove what was built and downloaded
	rm -rf bin .cache
