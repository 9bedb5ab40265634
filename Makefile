# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds criu-fdbroker. "make help" lists the targets, docs/hacking.md says how it works.
#
# One file, no recursion into folders. Sources are found by wildcard, so a new file needs no edit here.
# Everything that is made lies under $(B); nothing is written into the source tree.

VERSION := 0.1.0
# Number in the soname: raised when a program that was linked before could not run any more.
SOVERSION := 1

# ---- what the user may set --------------------------------------------------------------------

# SAN=address,undefined builds with sanitizers, in a folder of its own so that builds never mix.
SAN ?=
comma := ,
B ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
# V=1 shows the commands, WERROR=1 makes warnings errors (CI).
V ?=
WERROR ?=
CFLAGS ?= -O2 -g
LDFLAGS ?=
CPPFLAGS ?=
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
PROTOC_C ?= protoc-c
OBJCOPY ?= objcopy

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR ?= $(PREFIX)/share/doc/criu-fdbroker
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
# The daemon looks there, whatever PREFIX is.
VENDORDIR ?= /usr/lib/criu-fdbroker
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
MANDIR ?= $(PREFIX)/share/man
# For which systemd the units are: that of the machine unless said otherwise.
SYSTEMD_VERSION ?= $(shell $(PKG_CONFIG) --modversion libsystemd 2>/dev/null | sed 's/[^0-9].*//')

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
# All processors, unless the user has said how many; "make clean all" is one after the other.
# A make below this one is told by it.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:

Q := $(if $(V),,@)
# Single letters stand together in the first word of MAKEFLAGS; s is --silent.
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(V)$(silent),@:,@printf '  %-5s %s\n') $(1) $(2)

# ---- flags ------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wimplicit-fallthrough $(if $(WERROR),-Werror)
# Is this flag known to the compiler?
cc_option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
HARDEN := -fstack-protector-strong $(call cc_option,-fstack-clash-protection) \
	$(call cc_option,-fcf-protection)
HARDEN_LD := -Wl,-z,relro,-z,now
# Fortified functions need the optimizer, and hide from the sanitizers what they look for.
FORTIFY := $(if $(SAN)$(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
SAN_FLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

# -isystem: generated code is not held to our warnings. It is also why dependencies are made by -MD:
# -MMD leaves out what comes from a system folder, and a changed .proto would rebuild nothing.
INCLUDES := -Iproto -Idaemon -Iclient -isystem $(B)/gen
PKGS := inih libevent_core libprotobuf-c libsystemd libcjson libseccomp
# The tests' apart: what is missing of one list takes the flags of all of it.
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null) $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
BASE_FLAGS := -std=gnu11 -D_GNU_SOURCE -fvisibility=hidden $(HARDEN) $(FORTIFY)
ALL_CPPFLAGS = $(INCLUDES) $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = $(BASE_FLAGS) $(WARN) $(SAN_FLAGS) $(PIC) $(CFLAGS)
GEN_CFLAGS = $(BASE_FLAGS) -w $(SAN_FLAGS) -fPIC $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(SAN_FLAGS) $(LDFLAGS)
DEPS = -MD -MP -MF $(@:.o=).d -MT $@

lib = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
PROTOBUF_LIBS := $(call lib,libprotobuf-c)
DAEMON_LIBS := $(call lib,inih libevent_core libsystemd libseccomp) -pthread
# Reports of libplan.a are JSON.
JSON_LIBS := $(call lib,libcjson)
CMOCKA_LIBS := $(call lib,cmocka)

# proto/ goes into the shared library too, so it is compiled as PIC; the rest is PIE.
PIC := -fPIE
$(B)/proto/%.o: PIC := -fPIC
# What the library exports is said by libfdbroker.map alone.
$(B)/client/%.o: PIC := -fPIC -fvisibility=default
$(B)/client/ctl/%.o: PIC := -fPIE

# ---- sources ----------------------------------------------------------------------------------

obj = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))

PROTOS := $(patsubst proto/%.proto,%,$(wildcard proto/*.proto proto/criu/*.proto))
GEN_H := $(PROTOS:%=$(B)/gen/%.pb-c.h) $(B)/gen/version.h
GEN_O := $(PROTOS:%=$(B)/gen/%.pb-c.o)

PROTO_O := $(call obj,proto/*.c proto/base/*.c proto/criu/*.c)
DAEMON_FOLDERS := calls config jobs policy prepare processes service sessions trees worker
PLAN_O := $(call obj,daemon/plan/*.c)
MAIN_O := $(call obj,daemon/main.c)
DAEMON_O := $(filter-out $(MAIN_O),$(call obj,daemon/*.c $(DAEMON_FOLDERS:%=daemon/%/*.c)))
CLIENT_O := $(call obj,client/*.c)
# fdbroker.h is what users include; it includes the others.
PUBLIC_H := $(wildcard client/fdbroker*.h)
CTL_MAIN_O := $(call obj,client/ctl/main.c)
CTL_O := $(filter-out $(CTL_MAIN_O),$(call obj,client/ctl/*.c))

UNIT_O := $(call obj,tests/unit/test_*.c)
E2E_O := $(call obj,tests/e2e/test_*.c)
E2E_HELP_O := $(filter-out $(E2E_O),$(call obj,tests/e2e/*.c))
TOOL_O := $(call obj,tests/e2e/tools/*.c)
TARGET_C := $(wildcard tests/e2e/targets/*.c)
RIG_C := $(wildcard tests/rig/*.c)
FIXTURE_O := $(filter-out $(UNIT_O),$(call obj,tests/unit/*.c))

UNIT := $(UNIT_O:.o=)
E2E := $(E2E_O:.o=)
TOOLS := $(TOOL_O:$(B)/tests/e2e/tools/%.o=$(B)/tests/tools/%)
TARGETS := $(TARGET_C:tests/e2e/targets/%.c=$(B)/tests/targets/%)
RIG := $(RIG_C:tests/rig/%.c=$(B)/tests/rig/%)

OBJECTS := $(GEN_O) $(PROTO_O) $(PLAN_O) $(MAIN_O) $(DAEMON_O) $(CLIENT_O) $(CTL_MAIN_O) $(CTL_O) \
	$(UNIT_O) $(E2E_O) $(E2E_HELP_O) $(TOOL_O) $(FIXTURE_O)

DAEMON := $(if $(MAIN_O),$(B)/criu-fdbroker)
CTL := $(if $(CTL_MAIN_O),$(B)/fdbroker-ctl)
SONAME := libfdbroker.so.$(SOVERSION)
CLIENT_LIBS := $(if $(CLIENT_O),$(B)/$(SONAME) $(B)/libfdbroker.so $(B)/libfdbroker.a)
PC := $(patsubst client/%.in,$(B)/%,$(wildcard client/fdbroker.pc.in))
SERVICE := $(B)/criu-fdbroker.service
NEWER := $(B)/newer.conf
PLAN := $(if $(PLAN_O),$(B)/libplan.a)
PROTO := $(B)/libproto.a
# Nobody needs scdoc to build or to try it: where it is missing there are no manual pages, and "make install" says so.
# "make deps" brings it.
MAN := $(and $(shell command -v scdoc),$(shell command -v python3),$(B)/man/.made)

# ---- programs and libraries -------------------------------------------------------------------

.PHONY: all
all: $(PROTO) $(PLAN) $(DAEMON) $(CLIENT_LIBS) $(CTL) $(PC) $(SERVICE) $(NEWER) $(MAN) ## build everything but the tests (default)

.PHONY: tests
tests: all $(UNIT) $(E2E) $(TOOLS) $(TARGETS) $(RIG) $(if $(SAN),,$(B)/stage/.made) ## build the tests, their tools and targets too

# Remade only when their text changes: objects hang on the flags, archives on the list of sources.
.PHONY: FORCE
FORCE:
replace_if_changed = mkdir -p $(@D); cat >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
# Not with the PIC of the object that happens to ask first.
$(B)/flags: PIC :=
$(B)/flags: FORCE
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | { $(replace_if_changed); }
$(B)/sources: FORCE
	@echo '$(OBJECTS)' | { $(replace_if_changed); }
$(B)/gen/version.h: FORCE
	@printf '#define FDB_%s "%s"\n' VERSION '$(VERSION)' SBINDIR '$(SBINDIR)' | { $(replace_if_changed); }

$(B)/%.o: %.c $(B)/flags Makefile | $(GEN_H)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(DEPS) -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags | $(GEN_H)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(GEN_CFLAGS) $(DEPS) -c -o $@ $<

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h: proto/%.proto
	$(call say,GEN,$<)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) -Iproto --c_out=$(B)/gen $<

# The old archive goes first: it may hold members whose source is gone. "q", since two folders may have a
# file of the same name, and "r" would let the second replace the first.
%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $(filter %.o,$^)
$(PROTO): $(PROTO_O) $(GEN_O) $(B)/sources
$(B)/libplan.a: $(PLAN_O) $(B)/sources
# Never installed: all of the daemon, library and ctl but their main(), for the tests to link with.
$(B)/tests/libdaemon.a: $(DAEMON_O) $(B)/sources | $(B)/tests/.dir
$(B)/tests/libclient.a: $(CLIENT_O) $(CTL_O) $(B)/sources | $(B)/tests/.dir
%/.dir:
	@mkdir -p $(@D) && touch $@

link = $(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

$(B)/criu-fdbroker: $(MAIN_O) $(DAEMON_O) $(PLAN) $(PROTO) $(B)/sources
	$(call say,LD,$@)
	$(Q)$(link) $(DAEMON_LIBS) $(JSON_LIBS) $(PROTOBUF_LIBS)

# libproto.a is an archive, so the library takes from it only what it uses.
$(B)/$(SONAME): $(CLIENT_O) $(PROTO) client/libfdbroker.map $(B)/sources
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script,client/libfdbroker.map \
		-Wl,-z,defs -o $@ $(filter %.o,$^) $(PROTO) $(PROTOBUF_LIBS)

$(B)/libfdbroker.so: $(B)/$(SONAME)
	$(Q)ln -sf $(<F) $@

# One object with what it uses of libproto.a, and all names that libfdbroker.map does not list made
# local: a program that links it may have an err_set() of its own.
$(B)/libfdbroker.a: $(B)/client/libfdbroker.whole.o
$(B)/client/libfdbroker.whole.o: $(CLIENT_O) $(PROTO) client/libfdbroker.map $(B)/sources
	$(Q)$(CC) $(CFLAGS) -r -nostdlib -o $@ $(filter %.o,$^) $(PROTO)
	$(Q)grep -oE 'fdb_[a-zA-Z0-9_*]+' client/libfdbroker.map >$@.global
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbols=$@.global $@

# Linked with the static library: one file that runs from any folder, also from the build tree by sudo,
# and that a broken installation of the shared library cannot stop.
$(B)/fdbroker-ctl: $(CTL_MAIN_O) $(CTL_O) $(B)/libfdbroker.a $(PLAN) $(PROTO) $(B)/sources
	$(call say,LD,$@)
	$(Q)$(link) $(JSON_LIBS) $(PROTOBUF_LIBS)

$(B)/fdbroker.pc: client/fdbroker.pc.in $(B)/flags Makefile
	$(call say,GEN,$@)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@VERSION@|$(VERSION)|g' $< >$@

$(SERVICE) $(NEWER): $(B)/%: systemd/%.in $(B)/gen/version.h Makefile
	$(call say,GEN,$@)
	$(Q)sed -e 's|@SBINDIR@|$(SBINDIR)|g' $< >$@

# From their sources, the headers' comments, docs/*.md, and what the daemon says that can be set.
$(B)/man/.made: $(wildcard docs/man/* docs/*.md) $(PUBLIC_H) $(DAEMON) Makefile
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)docs/man/make $(@D) $(B) VERSION='$(VERSION)' DOCDIR='$(DOCDIR)'
	$(Q)touch $@

# ---- programs of the tests --------------------------------------------------------------------

TEST_A := $(if $(DAEMON_O),$(B)/tests/libdaemon.a) $(if $(CLIENT_O)$(CTL_O),$(B)/tests/libclient.a) \
	$(PLAN) $(PROTO)
TEST_LIBS := $(CMOCKA_LIBS) $(DAEMON_LIBS) $(JSON_LIBS) $(PROTOBUF_LIBS)

# --wrap puts the fixture around every test of every program: nobody has to remember it.
$(E2E): $(E2E_HELP_O)
$(UNIT) $(E2E): %: %.o $(FIXTURE_O) $(TEST_A) $(B)/sources
	$(call say,LD,$@)
	$(Q)$(link) -Wl,--wrap=_cmocka_run_group_tests $(TEST_LIBS)

$(TOOLS): $(B)/tests/tools/%: $(B)/tests/e2e/tools/%.o $(TEST_A) $(B)/sources
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(link) $(TEST_LIBS)

# One that is a client as well.
$(B)/tests/tools/stages: $(E2E_HELP_O)

# Targets are dumped and restored by criu, the rig measures the machine: no sanitizer in either.
# Static targets: nothing to map but themselves, so small images and no library that must stay the same.
alone = $(CC) -Iproto -Idaemon $(CPPFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -MD -MP -MF $@.d
$(TARGETS): $(B)/tests/targets/%: tests/e2e/targets/%.c $(B)/flags Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(alone) -static $(LDFLAGS) -o $@ $< -pthread

$(RIG): $(B)/tests/rig/%: tests/rig/%.c $(B)/flags Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(alone) $(LDFLAGS) -o $@ $<

-include $(OBJECTS:.o=.d) $(TARGETS:=.d) $(RIG:=.d)

# ---- checks -----------------------------------------------------------------------------------

# Commands that a newcomer starts with: they bring what is missing (apt), then come back here as *-now,
# for what was looked for above (pkg-config) was perhaps not there yet.
install_deps = tests/rig/install-deps
again = +@$(MAKE) --no-print-directory
SANITIZERS := address,undefined
SAN_B := $(B)-$(subst $(comma),-,$(SANITIZERS))
E2E_SH := $(wildcard tests/e2e/[0-9][0-9]-*.sh)
LINT := $(filter-out %/layers,$(wildcard tests/lint/*)) tests/lint/layers
RUN = FDB_BUILD=$(B) FDB_CPPFLAGS='-D_GNU_SOURCE $(ALL_CPPFLAGS)' tests/run

.PHONY: demo
demo: ## show it: install what is missing, build, restore a program with a lent descriptor
	@$(install_deps) build demo
	$(again) demo-now

.PHONY: demo-now
# Of tests/ only what stands alone: the libraries of the tests are not here yet (tests/lint/demo).
demo-now: all $(B)/tests/targets/writer $(RIG)
	@FDB_BUILD=$(B) tests/demo

.PHONY: check
check: ## install what is missing, build, run all tests and lint, but for what takes minutes: "make e2e lint" has that too
	@$(install_deps) build demo check man
	$(again) check-now

.PHONY: check-now
check-now: tests sanitized-tests debian-tree $(GEN_H)
	@$(RUN)-beside $(filter-out tests/lint/tidy,$(LINT)) $(UNIT) $(UNIT:$(B)/%=$(SAN_B)/%) $(E2E:$(B)/%=$(SAN_B)/%) -- \
		$(E2E) $(filter-out tests/e2e/93-%,$(E2E_SH))

.PHONY: sanitized-tests
sanitized-tests:
	$(again) SAN=$(SANITIZERS) B=$(SAN_B) tests

.PHONY: unit
unit: $(UNIT) ## unit tests; no root, no criu
	@$(RUN) $(UNIT)

.PHONY: e2e
e2e: tests debian-tree ## tests with a real criu (root, or sudo without a password), packages too
	-@$(MAKE) --no-print-directory packages
	@FDB_INSTALL=packages $(RUN) $(E2E) $(E2E_SH)

# Here and not in the first test that wants it: a test has a deadline. Without a mirror those tests are skipped, by name.
.PHONY: debian-tree
debian-tree:
	-@tests/rig/debian-tree >/dev/null

.PHONY: packages
packages: ## build Debian's packages, of the machine and of Debian 13, in build/packages/ (root)
	@$(install_deps) build man packages
	@tests/rig/packages own
	@! tests/rig/debian-tree --made >/dev/null 2>&1 || tests/rig/packages trixie

.PHONY: sanitize
sanitize: ## unit tests under ASan and UBSan
	$(again) SAN=$(SANITIZERS) B=$(SAN_B) all unit

# Each fuzzer for FUZZ_SECONDS, what it finds new beside the corpus in $(B)/fuzz/. The whole tree but the event
# loop is in each, so that all of them are linked alike.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_C = $(wildcard proto/*.c proto/base/*.c proto/criu/*.c daemon/plan/*.c) daemon/policy/policy.c \
	$(wildcard daemon/config/config_t*.c) daemon/config/config_value.c $(PROTOS:%=$(B)/gen/%.pb-c.c)
$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(FUZZ_C) tests/fuzz/fuzz.h | $(GEN_H)
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)clang -g -O1 -fsanitize=fuzzer,address,undefined $(ALL_CPPFLAGS) -D_GNU_SOURCE -o $@ $< $(FUZZ_C) $(call lib,inih) $(JSON_LIBS) $(PROTOBUF_LIBS)

.PHONY: fuzz
fuzz: $(FUZZERS:%=$(B)/fuzz/%) ## fuzz all parsers of strangers' bytes, FUZZ_SECONDS=60 each (clang)
	$(Q)set -e; for f in $(FUZZERS); do \
		mkdir -p $(B)/fuzz/found/$$f; echo "  FUZZ  $$f"; \
		$(B)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=40000 -rss_limit_mb=2000 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$(B)/fuzz/$$f- $(B)/fuzz/found/$$f tests/fuzz/corpus/$$f; \
	done

.PHONY: lint
lint: all $(GEN_H) ## format, analysers, scripts, layers, the map of the sources
	@$(RUN) $(LINT)

.PHONY: layers
layers: ## do includes go down only?
	@tests/lint/layers

.PHONY: format
format: ## clang-format everything in place
	$(Q)clang-format -i $$(find proto daemon client tests -name '*.[ch]')

.PHONY: stats
stats: ## the ten largest files and functions
	@tests/stats

.PHONY: deps
deps: ## install all that anything here needs, tools of developers too (apt)
	@$(install_deps) build demo check packages man docs dev

# Drawn by the program itself, of the images of one small tree; and a recorded terminal, for which root and a criu are needed.
DOT ?= dot
.PHONY: docs
docs: ## draw the pictures of docs/ anew (Graphviz, tmux; root)
	@$(install_deps) build demo docs
	$(again) docs/inspect.svg docs/terminal.svg

docs/terminal.svg: docs/record docs/terminal-svg $(B)/fdbroker-ctl $(B)/criu-fdbroker $(RIG)
	$(call say,TERM,$@)
	$(Q)FDB_BUILD=$(B) docs/record >$(B)/terminal.text
	$(Q)docs/terminal-svg 112 'A restore with fdbroker-ctl' <$(B)/terminal.text >$@

docs/inspect.svg: $(B)/fdbroker-ctl $(wildcard tests/unit/data/sharer/*)
	$(call say,DOT,$@)
	$(Q)$(B)/fdbroker-ctl inspect -D tests/unit/data/sharer --dot >$(B)/inspect.dot
	$(Q)$(DOT) -Tsvg -o $@ $(B)/inspect.dot

# For editors.
compile_commands.json: FORCE
	$(Q)bear -- $(MAKE) --no-print-directory B=$(B)/bear tests
	@echo 'compile_commands.json is of a build in $(B)/bear'

# The preprocessor's flags, for tests/lint/* run by hand.
.PHONY: cppflags
cppflags: $(GEN_H)
	@echo '-D_GNU_SOURCE $(ALL_CPPFLAGS)'

# ---- install ----------------------------------------------------------------------------------

# Documents that are for users of an installed program.
DOCS := README.md CHANGELOG.md docs/protocol.md proto/fdbroker.proto docs/inspect.md docs/jobs.md docs/splitting.md \
	docs/errors.md docs/operations.md docs/configuration.md docs/security.md
put = install -D -m $(1) $(2) '$(DESTDIR)$(3)'

.PHONY: install
install: all install-lib install-service install-man ## install under $(DESTDIR)$(PREFIX)
	$(Q)$(call put,755,$(B)/fdbroker-ctl,$(BINDIR)/fdbroker-ctl)
	$(Q)$(call put,644,client/completions/fdbroker-ctl.bash,$(BASHCOMPDIR)/fdbroker-ctl)
	$(Q)$(call put,644,client/completions/_fdbroker-ctl,$(ZSHCOMPDIR)/_fdbroker-ctl)
	$(Q)$(call put,644,client/completions/fdbroker-ctl.fish,$(FISHCOMPDIR)/fdbroker-ctl.fish)
	$(Q)$(foreach doc,$(DOCS),$(call put,644,$(doc),$(DOCDIR)/$(notdir $(doc))) &&) :

.PHONY: install-lib
install-lib: $(CLIENT_LIBS) $(PC)
	$(Q)$(call put,644,$(B)/$(SONAME),$(LIBDIR)/$(SONAME))
	$(Q)ln -sfn $(SONAME) '$(DESTDIR)$(LIBDIR)/libfdbroker.so'
	$(Q)$(call put,644,$(B)/libfdbroker.a,$(LIBDIR)/libfdbroker.a)
	$(Q)$(foreach header,$(PUBLIC_H),$(call put,644,$(header),$(INCLUDEDIR)/$(notdir $(header))) &&) :
	$(Q)$(call put,644,$(B)/fdbroker.pc,$(LIBDIR)/pkgconfig/fdbroker.pc)

.PHONY: install-service
install-service: $(DAEMON) $(SERVICE) $(NEWER)
	$(Q)$(call put,755,$(DAEMON),$(SBINDIR)/criu-fdbroker)
	$(Q)$(call put,644,$(SERVICE),$(UNITDIR)/criu-fdbroker.service)
	$(Q)$(call put,644,systemd/criu-fdbroker.socket,$(UNITDIR)/criu-fdbroker.socket)
	$(Q)if [ "$(or $(SYSTEMD_VERSION),0)" -ge 253 ]; then \
		$(call put,644,$(NEWER),$(UNITDIR)/criu-fdbroker.service.d/newer.conf); fi
	$(Q)$(call put,644,systemd/vendor.conf,$(VENDORDIR)/service.conf)
	$(Q)$(call put,644,systemd/sysusers.conf,$(SYSUSERSDIR)/criu-fdbroker.conf)
	$(Q)$(call put,644,systemd/tmpfiles.conf,$(TMPFILESDIR)/criu-fdbroker.conf)
	$(Q)$(call put,644,systemd/criu-fdbroker.catalog,$(CATALOGDIR)/criu-fdbroker.catalog)

.PHONY: install-man
install-man: $(MAN)
ifeq ($(MAN),)
	@echo '  no manual pages are installed: scdoc, or python3, is missing ("make deps" brings them)'
else
	$(Q)for section in 1 3 5 7 8; do \
		[ ! -d $(B)/man/man$$section ] || install -D -m 644 -t '$(DESTDIR)$(MANDIR)'/man$$section $(B)/man/man$$section/* || \
			exit 1; \
	done
endif

# What "make install" makes, for an old and for a new systemd: tests/e2e/9* put it into a box.
$(B)/stage/.made: $(DAEMON) $(CTL) $(CLIENT_LIBS) $(PC) $(SERVICE) $(NEWER) $(MAN) $(wildcard systemd/* client/completions/*) $(DOCS) \
	Makefile
	$(call say,STAGE,$(@D))
	$(Q)rm -rf $(@D)
	+@for v in 252 257; do \
		$(MAKE) --no-print-directory -s install DESTDIR='$(abspath $(@D))'/$$v SYSTEMD_VERSION=$$v || exit 1; done
	$(Q)touch $@

.PHONY: clean
clean: ## remove $(B)
	$(Q)rm -rf $(B)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z0-9_.-]+):.*## (.*)/  \1\t\2/p' Makefile | expand -t 14
	@echo '  V=1 shows commands, WERROR=1 makes warnings errors, SAN=address,undefined sanitizes, B=DIR builds there'
