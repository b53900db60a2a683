# SPDX-License-Identifier: Apache-2.0
# `make` configures and builds; `make help` lists the rest. Everything that is made lies under build/.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -r
SAY := @$(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),:,echo)

# SAN=asan (with UBSan), SAN=tsan or SAN=fuzz (clang's libFuzzer with both): the same rules, a directory of their own.
SAN ?=
B := build$(addprefix /,$(SAN))

# Targets that install what they need first, or need no compiler: configure must not run before them.
BARE := help clean setup lint format check check-slow bench demo chaos deb
ifneq ($(or $(filter-out $(BARE),$(or $(MAKECMDGOALS),all))),)
include build/config.mk
endif

build/config.mk: configure.ac config.mk.in
	@mkdir -p build
	@command -v autom4te >/dev/null || { echo 'autoconf is missing: run tools/setup build' >&2; exit 1; }
	@autom4te --language=autoconf --cache=build/autom4te.cache -o build/configure configure.ac
	@cd build && ./configure --quiet --srcdir=.. $(CONFIGURE_FLAGS)
	@touch $@

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wformat=2 -Wconversion -Wno-sign-conversion $(if $(WERROR),-Werror)
SAN_FLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_FLAGS_tsan := -fsanitize=thread -fno-omit-frame-pointer
SAN_FLAGS_fuzz := -fsanitize=fuzzer-no-link $(SAN_FLAGS_asan)
SAN_FLAGS := $(if $(SAN),$(or $(SAN_FLAGS_$(SAN)),$(error SAN=$(SAN): asan, tsan or fuzz)))
# What gcc believes of the lengths of strings is wrong in instrumented code.
SAN_WARN := $(if $(filter asan tsan,$(SAN)),-Wno-format-truncation -Wno-maybe-uninitialized)
ifeq ($(SAN),fuzz)
CC := clang
endif
# FORTIFY hides calls from the sanitizers.
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DKAFKA2S3_VERSION='"$(VERSION)"' -Isrc -include src/base/banned.h \
	$(LIB_CFLAGS) $(CPPFLAGS) $(WARN) $(SAN_WARN) $(HARDEN_CFLAGS) \
	$(if $(SAN),$(SAN_FLAGS),$(FORTIFY)) -pthread $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LDFLAGS) $(SAN_FLAGS) -pthread $(LDFLAGS)

# src/FOLDER/*.c: the library. tests/support/*.c: linked into every test. tests/FOLDER/test_*.c: a unit test each.
# tests/fuzz/fuzz_*.c: a fuzzer with SAN=fuzz, else a unit test that replays its corpus.
# Any other tests/FOLDER/*.c: a program of its own (demo, bench).
LIB_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard src/*/*.c)))
SUPPORT_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/support/*.c)))
TEST_SRC := $(sort $(wildcard tests/*/test_*.c))
TOOL_SRC := $(sort $(filter-out tests/support/% tests/fuzz/% $(TEST_SRC),$(wildcard tests/*/*.c)))
FUZZERS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
UNIT := $(TEST_SRC:%.c=$(B)/%) $(FUZZERS)
TOOLS := $(TOOL_SRC:%.c=$(B)/%) $(if $(SAN),,$(B)/c11_threads.so)
PROGRAM := $(patsubst src/main.c,$(B)/kafka2s3,$(wildcard src/main.c))
LIB := $(B)/libkafka2s3.a

all: $(LIB) $(PROGRAM)

$(LIB): $(LIB_OBJ)
	$(SAY) '  AR      $@'
	@rm -f $@ && $(AR) rcs $@ $^

# ThreadSanitizer knows nothing of the threads that librdkafka starts, unless this stands in between.
C11_THREADS_tsan := $(B)/obj/tests/support/c11_threads.o

$(B)/kafka2s3: $(B)/obj/src/main.o $(C11_THREADS_$(SAN)) $(LIB)
	$(SAY) '  LD      $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# The same for libfaketime, loaded before the daemon as it is.
$(B)/c11_threads.so: tests/support/c11_threads.c
	$(SAY) '  LD      $@'
	@$(CC) $(ALL_CFLAGS) -fPIC -DC11_THREADS -shared $(LDFLAGS) -o $@ $<

$(B)/obj/%.o: %.c build/config.mk
	$(SAY) '  CC      $*.c'
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(if $(filter tests/%,$<),-Itests $(TEST_CFLAGS)) -MMD -MP -c -o $@ $<

$(UNIT) $(filter-out %.so,$(TOOLS)): $(B)/%: $(B)/obj/%.o $(SUPPORT_OBJ) $(LIB)
	$(SAY) '  LD      $@'
	@mkdir -p $(@D)
	@$(CC) $(ALL_LDFLAGS) $(FUZZ_MAIN) -o $@ $^ $(LIB_LIBS) $(TEST_LIBS)

ifeq ($(SAN),fuzz)
$(FUZZERS): FUZZ_MAIN := -fsanitize=fuzzer
else
$(FUZZERS): $(B)/obj/tests/fuzz/replay.o
endif

.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# Tests. WHAT narrows down: make check-unit WHAT=base/ or WHAT=encode/test_json.
.PHONY: all unit tools fuzzers check-unit check check-slow lint format bench demo chaos deb setup help install uninstall
.PHONY: clean flags
CHOSEN = $(foreach t,$(UNIT),$(if $(findstring $(WHAT),$(t)),$(t)))
unit: $(if $(WHAT),$(CHOSEN),$(UNIT))
tools: $(TOOLS) ; @:
fuzzers: $(FUZZERS) ; @:

check-unit:
	@test '$(HAVE_CMOCKA)' = yes || { echo 'the unit tests need cmocka: apt-get install libcmocka-dev' \
		'(or run tools/setup), then rm build/config.mk' >&2; exit 1; }
	@command -v python3 >/dev/null || { echo 'tests/run, which counts the tests, needs python3:' \
		'apt-get install python3' >&2; exit 1; }
	@$(MAKE) --no-print-directory unit tools $(PROGRAM)
	@tests/run $(if $(WHAT),$(CHOSEN),$(UNIT))

check check-slow lint bench demo chaos deb:
	@tools/$@ $(WHAT)

format:
	@tools/lint --fix format

# For tools/lint.
flags:
	$(info $(ALL_CFLAGS))@:

setup:
	@tools/setup

MAN := $(wildcard man/*.[1-8])
catalogdir = $(prefix)/lib/systemd/catalog
bashcompdir = $(datadir)/bash-completion/completions
UNITS := systemd/kafka2s3.service systemd/kafka2s3@.service
page = man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))
install: $(B)/kafka2s3
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(docdir)
	install -m 755 $< $(DESTDIR)$(sbindir)
	install -m 644 $(wildcard etc/kafka2s3.conf README.md CHANGELOG.md LICENSE) $(DESTDIR)$(docdir)
	install -D -m 644 systemd/kafka2s3.catalog $(DESTDIR)$(catalogdir)/kafka2s3.catalog
	install -D -m 644 etc/kafka2s3.bash-completion $(DESTDIR)$(bashcompdir)/kafka2s3
	$(foreach m,$(MAN),install -D -m 644 $(m) $(DESTDIR)$(mandir)/$(call page,$(m)) &&) :
	$(foreach u,$(UNITS),sed 's|/usr/sbin|$(sbindir)|' $(u) | \
		install -D -m 644 /dev/stdin $(DESTDIR)$(systemdsystemunitdir)/$(notdir $(u)) &&) :
	install -D -m 644 systemd/kafka2s3.sysusers $(DESTDIR)$(sysusersdir)/kafka2s3.conf

uninstall:
	rm -f $(DESTDIR)$(sbindir)/kafka2s3 $(DESTDIR)$(sysusersdir)/kafka2s3.conf
	rm -f $(foreach u,$(UNITS),$(DESTDIR)$(systemdsystemunitdir)/$(notdir $(u)))
	rm -rf $(DESTDIR)$(docdir)
	rm -f $(DESTDIR)$(catalogdir)/kafka2s3.catalog
	rm -f $(DESTDIR)$(bashcompdir)/kafka2s3
	rm -f $(foreach m,$(MAN),$(DESTDIR)$(mandir)/$(call page,$(m)))

# The Python environment and the downloaded test parts stay: they took minutes to fetch. rm -rf build removes all.
clean:
	rm -rf build/obj build/asan build/tsan build/fuzz build/tests build/lint build/libkafka2s3.a build/kafka2s3 \
		build/c11_threads.so build/chaos \
		build/config.mk build/configure build/config.log build/config.status build/autom4te.cache

help:
	@printf '%s\n' \
	'make                    configure and build build/kafka2s3; CONFIGURE_FLAGS="--prefix=/usr CC=clang"' \
	'make check-unit         the unit tests (seconds)              WHAT=base/ or WHAT=encode/test_json' \
	'make SAN=asan check-unit    the same under ASan and UBSan, in build/asan; SAN=tsan: ThreadSanitizer' \
	'make SAN=fuzz fuzzers   the fuzzers, in build/fuzz; tests/fuzz/slow_fuzz runs them' \
	'make check              all that guards a change (12 minutes) WHAT=part or file; tools/check --list' \
	'make check-slow         what takes longer, in named parts     WHAT=part; tools/check-slow --list' \
	'make lint               format, clang-tidy, cppcheck, ...     WHAT=step; tools/lint --list' \
	'make format             put the C code in its format' \
	'make chaos              200 kills over 20 seeds, an hour      WHAT="--seed 7"' \
	'make bench              speed against its bars                WHAT=part' \
	'make demo               CSV to Kafka to S3 on this machine, in a minute' \
	'make deb                the Debian package, in build/deb' \
	'make setup              install what build, lint and tests need (tools/setup build: the build alone)' \
	'make install uninstall  DESTDIR=, prefix=' \
	'make clean' \
	'WERROR=1: warnings are errors.'
