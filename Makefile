# make             build the program                        MODE=dev|release|asan|tsan|cov|fuzz
# make demo        install packages, build, generate, train, register, serve, score one request
# make test        install packages, then every test, one closing line        make test ONLY=data SYSTEM="live soak"
# make soak        the long proofs: each fuzzer for 60 seconds, the tests with their full counts
# make fuzz        each fuzzer for FOR=60 seconds
# make lint        arrows between rooms, formatting, shell scripts, forbidden words
# make bench       timings, side by side, as ratios         FAST=1 leaves out the largest models
# make install     DESTDIR= PREFIX=/usr/local
# make clean       remove build/
# make help        this text

MODE ?= dev
OUT  ?= build/$(MODE)

# The house. Each room, and the rooms below that it may use, nearest first.
uses.base    :=
uses.measure := base
uses.data    := base
uses.feature := data base
uses.model   := feature data measure base
uses.decide  := model feature data measure base
uses.embed   := decide model feature data measure base
uses.store   := decide model feature data measure base
uses.train   := store decide model feature data measure base
uses.monitor := store decide model feature data measure base
uses.http    := base
uses.serve   := http store decide model feature data measure base
uses.cloud   := store decide model feature data measure base
uses.report  := store decide model feature data measure base
uses.cli     := report cloud serve http monitor train store decide model feature data measure base
rooms        := base http measure data feature model decide embed store train monitor serve cloud report cli

# What a room needs from the outside: pkg-config names. One file of the room includes each.
needs.base   := libcrypto jansson
needs.data   := yaml-0.1 zlib libzstd
needs.model  := libprotobuf-c
needs.store  := sqlite3 libpq libcurl
needs.http   := libevent libevent_openssl libssl

# Text files that a room carries inside it.
embed.store  := $(wildcard sql/*.sql)
embed.cli    := $(wildcard examples/*/assay.yaml)

# ---------------------------------------------------------------- compiler

mode.dev     := -O1 -g
mode.release := -O3 -flto=auto -fno-plt -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
mode.asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
mode.tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
mode.cov     := -O0 -g --coverage
mode.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
$(if $(mode.$(MODE)),,$(error MODE is one of dev release asan tsan cov fuzz, not '$(MODE)'))

CC      := $(if $(filter fuzz,$(MODE)),clang,gcc)
WARN    := -Wall -Wextra -Werror -Wshadow -Wvla -Wundef -Wwrite-strings -Wstrict-prototypes \
           -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wformat=2 \
           -Wimplicit-fallthrough -Wdouble-promotion -Wfloat-conversion
CFLAGS  := -std=gnu17 -D_GNU_SOURCE $(WARN) -fPIC -fvisibility=hidden -ffp-contract=off $(mode.$(MODE))
LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now $(filter -fsanitize=% --coverage -flto=%,$(mode.$(MODE)))

# llhttp: Debian 12 ships C sources, Debian 13 a library.
llhttp.sources := $(wildcard /usr/share/llhttp/api.c /usr/share/llhttp/http.c /usr/share/llhttp/llhttp.c)
llhttp.objects := $(if $(llhttp.sources),$(patsubst /usr/share/llhttp/%.c,$(OUT)/llhttp/%.o,$(llhttp.sources)))
llhttp.cflags  := $(if $(llhttp.sources),-isystem /usr/share/include/llhttp) -DLLHTTP_STRICT_MODE=1
llhttp.libs    := $(if $(llhttp.sources),,-lllhttp)

# A file named after an instruction set is compiled for it, and called only where cpu.h finds it.
ifeq ($(shell uname -m),x86_64)
# Unrolled, because a kernel's vectors must stay in registers.
cpu.avx2   := -O3 -mavx2 -mbmi -mbmi2 -mfma
cpu.avx512 := $(cpu.avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
cpu.vbmi   := $(cpu.avx512) -mavx512vbmi
endif

# ---------------------------------------------------------------- rules

# `make V=1` shows each command whole.
say = $(if $(V),,@echo "  $1 $(patsubst $(OUT)/%,%,$@)";)
room_of  = $(firstword $(subst /, ,$1))
below    = $(call room_of,$1) $(uses.$(call room_of,$1))
archive  = $(patsubst %,$(OUT)/%.a,$1)
objects  = $(patsubst %.c,$(OUT)/%.o,$(wildcard src/$1/*.c)) $(patsubst %,$(OUT)/%.o,$(embed.$1)) \
           $(patsubst %.proto,$(OUT)/%.pb-c.o,$(wildcard src/$1/*.proto))
libs     = $(if $(strip $(foreach r,$1,$(needs.$r))),$$(pkg-config --libs $(foreach r,$1,$(needs.$r)))) $(if $(filter http,$1),$(llhttp.libs)) -lm -ldl

tests   := $(patsubst tests/%.c,$(OUT)/test/%,$(wildcard $(foreach r,$(filter-out $(EXCEPT),$(rooms)),$(if $(filter $r,$(or $(ONLY),$r)),tests/$r/*_test.c))))
scripts := $(if $(filter-out system,$(ONLY)),,$(foreach s,$(or $(SYSTEM),*),$(wildcard tests/system/$(s)_test.py)))
fuzzers := $(patsubst fuzz/%.c,$(OUT)/%,$(wildcard fuzz/fuzz_*.c))

.DEFAULT_GOAL := all
.SECONDEXPANSION:
.SECONDARY:
.PHONY: all packages test check soak fuzz fuzz-run lint bench demo install help clean

all: $(OUT)/assay $(OUT)/libassay.a $(OUT)/libassay.so

$(OUT)/src/http/%.o: src/http/%.c Makefile
	@mkdir -p $(@D)
	$(call say,cc  )$(CC) $(CFLAGS) $(llhttp.cflags) -MMD -MP -Isrc -c -o $@ $<

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc  )$(CC) $(CFLAGS) $(cpu.$(lastword $(subst _, ,$(basename $(@F))))) -MMD -MP -Isrc -I$(OUT)/src -Iinclude -Itests -c -o $@ $<

# A check that fails unwinds its test's stack.
$(OUT)/tests/%.o: CFLAGS += -fexceptions

# Messages that a room reads: src/model/onnx.proto becomes model/onnx.pb-c.h and its C.
$(OUT)/src/%.pb-c.c $(OUT)/src/%.pb-c.h: src/%.proto
	@mkdir -p $(@D)
	$(call say,prot)protoc-c --proto_path=$(<D) --c_out=$(@D) $<
$(OUT)/src/%.pb-c.o: $(OUT)/src/%.pb-c.c
	$(call say,cc  )$(CC) -std=gnu17 -w -fPIC -fvisibility=hidden $(mode.$(MODE)) -c -o $@ $<
$(OUT)/src/model/onnx_proto.o $(patsubst %,$(OUT)/tests/model/%_test.o,onnx onnx_ensemble onnx_proto): \
    $(OUT)/src/model/onnx.pb-c.h

$(OUT)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(call say,cc  )$(CC) -std=gnu17 -w -fPIC -fvisibility=hidden $(mode.$(MODE)) $(llhttp.cflags) -c -o $@ $<

# A text file inside the program: sql/001_registry.sql becomes the symbol sql_001_registry.
define embed_text
	@mkdir -p $(@D)
	$(call say,text)tools/embed $(patsubst $(OUT)/%.o,%,$@) > $(@:.o=.S)
	@$(CC) -c -o $@ $(@:.o=.S)
endef
$(OUT)/%.sql.o: tools/embed
	$(embed_text)
$(OUT)/%.yaml.o: tools/embed
	$(embed_text)
$(patsubst %,$(OUT)/%.o,$(embed.store) $(embed.cli)): $(OUT)/%.o: %

$(OUT)/http.a: $$(call objects,http) $(llhttp.objects)
	$(call say,ar  )rm -f $@ && $(AR) rcs $@ $^

$(OUT)/%.a: $$(call objects,$$*)
	$(call say,ar  )rm -f $@ && $(AR) rcs $@ $^

$(OUT)/assay: $(call archive,cli $(uses.cli))
	$(call say,link)$(CC) $(LDFLAGS) -o $@ $^ $(call libs,cli $(uses.cli))

# libassay: the rooms below include/assay.h in one object, whose only names are that header's.
$(OUT)/libassay.o: $(call archive,embed $(uses.embed))
	$(call say,link)$(CC) $(patsubst %,% -flinker-output=nolto-rel,$(filter -flto=%,$(mode.$(MODE)))) -r -nostdlib -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive $(filter-out $<,$^)
	@objcopy --localize-hidden $@

$(OUT)/libassay.a: $(OUT)/libassay.o
	$(call say,ar  )rm -f $@ && $(AR) rcs $@ $<

$(OUT)/libassay.so: $(OUT)/libassay.o
	$(call say,link)$(CC) -shared $(filter-out -pie,$(LDFLAGS)) -Wl,-soname,libassay.so.1 -o $@ $< $(call libs,$(uses.embed))

# A test links its own room and the rooms below it, nothing else: an arrow the
# wrong way does not link.
$(OUT)/test/%: $(OUT)/tests/%.o $(OUT)/tests/harness.o $$(call archive,$$(call below,$$*))
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(LDFLAGS) -o $@ $^ $(call libs,$(call below,$*)) -lcmocka

$(OUT)/fuzz_%: $(OUT)/fuzz/fuzz_%.o $(call archive,$(uses.cli))
	$(call say,link)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(call libs,$(uses.cli))

# Our kernels and every peer that has a C interface, timed in one process.
$(OUT)/forest_bench: $(patsubst %.c,$(OUT)/%.o,$(wildcard bench/*.c)) $(call archive,embed $(uses.embed))
	$(call say,link)$(CC) $(LDFLAGS) -o $@ $^ $(call libs,embed $(uses.embed))

# The HTTP stack alone, for the serving figures.
$(OUT)/bare_stack: $(OUT)/bench/stack/bare.o $(call archive,http $(uses.http))
	$(call say,link)$(CC) $(LDFLAGS) -o $@ $^ $(call libs,http $(uses.http))

# The drift of many columns, for the figures beside scipy.
$(OUT)/ks_bench: $(OUT)/bench/drift/ks.o $(call archive,measure $(uses.measure))
	$(call say,link)$(CC) $(LDFLAGS) -o $@ $^ $(call libs,measure $(uses.measure))

packages:
	@tools/install-packages

# What is asked for as a whole uses every processor, unless -j says otherwise.
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc))

# The program with every test linked; `check` runs them and installs nothing.
test: packages
	@$(MAKE) --no-print-directory $(jobs) check
check: $(if $(filter-out system,$(ONLY)),,$(OUT)/assay) $(tests)
	@ASSAY=$(abspath $(OUT)/assay) ASSAY_MODE=$(MODE) tools/run-tests $(if $(JOBS),--jobs $(JOBS)) \
	    --times $(OUT)/test.times $(scripts) $(tests)

fuzz:
	@$(MAKE) --no-print-directory $(jobs) MODE=fuzz fuzz-run
fuzz-run: $(fuzzers)
	@tools/run-fuzzers $(or $(FOR),60) $^

soak: packages
	@$(MAKE) --no-print-directory fuzz FOR=60
	@ASSAY_SOAK=1 $(MAKE) --no-print-directory $(jobs) check JOBS=1

lint:
	@tools/check-arrows $(foreach r,$(rooms),"$r: $(uses.$r)")
	@tools/check-doors
	@tools/check-words
	@tools/check-format
	@tools/check-scripts

bench:
	@tools/install-packages bench
	@$(MAKE) --no-print-directory $(jobs) MODE=release all build/release/forest_bench build/release/bare_stack build/release/ks_bench
	@ASSAY=$(abspath build/release/assay) FOREST_BENCH=$(abspath build/release/forest_bench) \
	    BARE_STACK=$(abspath build/release/bare_stack) KS_BENCH=$(abspath build/release/ks_bench) bench/run

demo: packages
	@$(MAKE) --no-print-directory $(jobs) MODE=release all
	@tools/demo $(abspath build/release/assay)

install: all
	@OUT=$(OUT) DESTDIR=$(DESTDIR) PREFIX=$(or $(PREFIX),/usr/local) \
	    LIBS="$(call libs,$(uses.embed))" tools/install

help:
	@sed -n '/^# /!q; s/^# //p' Makefile

clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
