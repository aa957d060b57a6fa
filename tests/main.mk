# SPDX-License-Identifier: GPL-3.0-or-later
# What one types: check, run, demo, deps, lint, install, help.

SUITES       := lint sparse unit fuzz packets mg peers switch isdn net qemu $(if $(LONG),fuzz-hours soak)
QUICK_SUITES := lint unit fuzz packets net

.PHONY: check check-quick check-long check-lint run demo deps deps-build lint install bench clean
# deps comes first in one make, the rest in others: what the build needs may not be there yet.
check:       deps ## every test; the last line is "N passed, N failed, N skipped"
	@MAKE="$(MAKE)" tests/tools/check $(SUITES)
check-quick: deps ## the tests of the everyday: under five minutes
	@QUICK=1 MAKE="$(MAKE)" tests/tools/check $(QUICK_SUITES)
check-long: ## everything, with kill counts, storms and fuzzing in full
	@KILLS=50 NET_TIMEOUT=1800 LONG=1 $(MAKE) --no-print-directory check
check-lint: lint

deps:        ## install the Debian packages that are missing, those of the tests too (as root)
	@tests/tools/deps build run test
deps-build:  ## only what building and running needs
	@tests/tools/deps build run

lint:        ## licence lines, sizes of files and functions, leftovers
	@tests/tools/lint

run:         deps-build ## build, start with defaults, prove it with a test call, stay until Ctrl-C
	@$(MAKE) --no-print-directory all
	@O=$(O) tests/demo/run

demo:        deps ## two real phones, one on IPv4 and one on IPv6, call each other through the gateway
	@$(MAKE) --no-print-directory all $(O)/demo/similar
	@O=$(O) tests/demo/demo

bench:       bench-relay bench-prog bench-kmod bench-sip ## all benches

MANPAGES     := $(wildcard appliance/man/*.[158] userspace/*/*.[158])
install:     all ## copy programs, man pages, example configuration and the systemd unit below DESTDIR
	install -d $(DESTDIR)$(prefix)/sbin $(DESTDIR)$(prefix)/bin $(DESTDIR)/etc/tandem $(DESTDIR)/lib/systemd/system
	install -m 755 $(O)/tandem-keep $(O)/tandem-ca $(O)/tandem-mg $(O)/tandem-isdn $(DESTDIR)$(prefix)/sbin
	install -m 755 $(O)/tandemctl $(DESTDIR)$(prefix)/bin
	install -m 644 appliance/tandem.service $(DESTDIR)/lib/systemd/system
	install -d $(DESTDIR)$(prefix)/share/doc/tandem $(DESTDIR)$(prefix)/share/man/man5 $(DESTDIR)$(prefix)/share/man/man8
	set -e; for file in $(wildcard appliance/*.example); do install -m 644 $$file $(DESTDIR)$(prefix)/share/doc/tandem; done
	set -e; for page in $(MANPAGES); do install -m 644 $$page $(DESTDIR)$(prefix)/share/man/man$${page##*.}; done
	$(O)/tandemctl help config --man >$(DESTDIR)$(prefix)/share/man/man5/tandem.conf.5

clean:       ## remove what was built
	rm -rf $(O) tests/out

help:        ## this list
	@echo "Set O=DIR to build elsewhere than in build/, V=1 to see commands, T=NAME to choose tests."
	@sed -nE 's/^([a-z][a-z-]*):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | sort -u | expand -t 22
