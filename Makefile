# buzon's build. `make help` lists what can be made.
#
# One board at a time: BOARD=NAME reads board/NAME.mk and builds in build/NAME. Everything that is fetched lies in
# $(CACHE), everything that is built in $(BUILD); the tree itself is only read.

VERSION := 0.1
BUILD   ?= build
CACHE   ?= $(BUILD)/cache
BOARDS  := native malta ath79 kirkwood armvirt filogic

# A compiler named from outside without a board makes build/sdk.
BOARD   ?= $(if $(CROSS_COMPILE),sdk,native)
O       := $(BUILD)/$(BOARD)

all: $O/buzon

# The time of the sources: the floor for clocks, and what makes two builds of one commit the same bytes.
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),1767225600)
export SOURCE_DATE_EPOCH

# One line a step, V=1 shows commands. All processors unless -j says otherwise; sub-makes share them.
ifneq ($V,1)
Q := @
endif
quiet := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = @$(if $(quiet),:,printf '  %-8s%s\n' $1 $2)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc) --no-print-directory
endif
.DELETE_ON_ERROR:
.SECONDARY:

include board/packages.mk
include board/$(BOARD).mk
include board/toolchain.mk

# --- buzon -----------------------------------------------------------------------------------------------------

LIB_SRC := $(sort $(wildcard lib/base/*.c lib/mail/*.c lib/sys/*.c))
SRC     := $(sort $(wildcard applets/*.c)) $(LIB_SRC)
LIB_OBJ := $(LIB_SRC:%.c=$O/obj/%.o)
OBJ     := $(SRC:%.c=$O/obj/%.o)

# Truncation by snprintf is what it is called for, and what gcc says of it differs by board.
WARN := -Wall -Wextra -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
        -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-format-truncation -Wundef -Wredundant-decls -Wdate-time
# A compiler newer than the one this was written with may warn of more: WERROR= builds all the same.
WERROR ?= -Werror

# What every build of the sources shares, the sanitised and the fuzzed ones too.
CPPFLAGS := -std=c11 -D_DEFAULT_SOURCE -D_GNU_SOURCE -DBUZON_VERSION=\"$(VERSION)\" \
            -DBUZON_BUILD_DATE=$(SOURCE_DATE_EPOCH) -iquote applets -iquote lib

# OWN is a board's flags for our own code, but not for its libraries nor for what runs over every byte: MIPS16 makes it
# a fifth smaller and somewhat slower.
$O/obj/lib/base/crc32c.o $O/obj/lib/base/siphash.o: OWN :=

# Each function in a section of its own, so that the linker keeps only what is reached; no unwind tables, since
# nothing is thrown. File names are cut to the tree, so that its place leaves no trace in the binary.
CFLAGS = -Os -g $(CODE) $(OWN) $(WARN) -Wlogical-op -Wduplicated-cond $(WERROR) -fstack-protector-strong \
          -fno-asynchronous-unwind-tables -fno-unwind-tables -ffile-prefix-map=$(CURDIR)=.
# Sorted, so that small variables share pages: see lib/base/page.h.
LDFLAGS := $(LINK) -Wl,--gc-sections,--sort-section=alignment,-z,relro,-z,now,-z,noexecstack,--build-id=none \
           -Wl,--fatal-warnings
LDLIBS := $O/bearssl/libbearssl.a

# Objects are made anew when what they are made with changes; the date matters only to those that name it.
DATED := $(patsubst %.c,$O/obj/%.o,$(shell grep -l BUZON_BUILD_DATE $(SRC) /dev/null))
$(eval $(call record,$O/flags.txt,$(CC) $(filter-out -DBUZON_BUILD_DATE=%,$(CPPFLAGS)) $(CFLAGS) $(LDFLAGS)))
$(eval $(call record,$O/date.txt,$(SOURCE_DATE_EPOCH)))
$(DATED): $O/date.txt

compile = $(CC) $(CPPFLAGS) -isystem $O/include -isystem $O/bearssl/inc $(CFLAGS) -MMD -MP

$O/obj/%.o: %.c $O/flags.txt $O/.libraries
	$(call say,CC,$@)
	$Qmkdir -p $(@D)
	$Q$(compile) -c -o $@ $<

# What every decision by an image runs through: small, and worth its bytes.
$(patsubst %,$O/obj/%.o,lib/base/siphash lib/mail/image): CFLAGS += -O2
# Flags of single objects stand in no record: they are made anew when this file changes.
$(patsubst %,$O/obj/%.o,lib/base/crc32c lib/base/siphash lib/mail/image): Makefile

$O/obj/buzon: $(OBJ)
	$(call say,LINK,$@)
	$Q$(CC) $(CFLAGS) $(LDFLAGS) -Wl,-Map,$O/buzon.map -o $@ $(OBJ) $(LDLIBS)
	$Q$(if $(filter yes,$(NO_FPU)),board/no-fpu $(OBJDUMP) $(READELF) $@)

# Stripped, with the symbols beside it. A debugger finds them by the name and checksum in the binary.
$O/buzon: $O/obj/buzon
	$(call say,STRIP,$@)
	$Q$(OBJCOPY) --only-keep-debug $< $@.debug
	$Q$(OBJCOPY) --strip-all -R .comment --add-gnu-debuglink=$@.debug $< $@

-include $(OBJ:.o=.d)

# Every board in turn would leave processors idle, so the sub-makes run side by side.
boards: $(BOARDS:%=board-%)
board-%: deps-boards
	+$Q$(MAKE) BOARD=$* all
.PHONY: all boards

# --- unit tests, for any board ---------------------------------------------------------------------------------

UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*_test.c)))
unit: $(UNIT:%=$O/unit/%)
.PHONY: unit

$O/libbuzon.a: $(LIB_OBJ)
	$Qrm -f $@ && $(AR) rcsD $@ $(LIB_OBJ)

$O/unit/%: tests/unit/%.c $O/libbuzon.a
	$(call say,UNIT,$@)
	$Qmkdir -p $(@D)
	$Q$(compile) -MF $@.d -Itests/unit $(LDFLAGS) -o $@ $< $O/libbuzon.a $(LDLIBS)

# Programs that put themselves between a session and its peer.
WRAP := -Wl,--wrap=read,--wrap=write,--wrap=await_ready
$O/unit/session_split_test: private LDFLAGS += $(WRAP)

-include $(UNIT:%=$O/unit/%.d)

# What `make bench` measures with.
BENCH := nothing banner spawn connect decide floor
$O/bench/%: tests/bench/%.c $O/libbuzon.a
	$(call say,BENCH,$@)
	$Qmkdir -p $(@D)
	$Q$(compile) -MF $@.d $(LDFLAGS) -o $@ $< $O/libbuzon.a $(LDLIBS)

-include $(BENCH:%=$O/bench/%.d)

include board/host.mk

# --- trying it, testing it, measuring it -----------------------------------------------------------------------

export BUZON ?= $(abspath $(BUILD)/native/buzon)

demo: deps-demo all
	+$Qtests/demo/run
check: deps-check all
	+$Qtests/run check
check-all: deps-check-all all
	+$Qtests/run all
bench: deps-bench all $(BENCH:%=$O/bench/%)
	+$Qtests/bench/run $O; mail=$$?; tests/bench/access $O && exit $$mail

# The boards that are built; one board by object, when BOARD is given.
size:
	$Qboard/size $(BUILD) $(if $(filter command line environment,$(origin BOARD)),--objects $(BOARD),$(BOARDS))
size: $(if $(filter boards,$(MAKECMDGOALS)),boards)

image boot check-image:
	@echo "make $@: not supported yet" >&2; exit 2
.PHONY: demo check check-all bench size image boot check-image

# --- installing ------------------------------------------------------------------------------------------------

ROOT        ?= /srv/buzon
QUEUE_OWNER ?= mail
install: $O/buzon
	$Q$(if $(DESTDIR),,$(error make install DESTDIR=D: where? (DESTDIR=/ is this machine itself)))board/install $< \
	    '$(DESTDIR)' '$(ROOT)' '$(QUEUE_OWNER)'
.PHONY: install

# --- the rest --------------------------------------------------------------------------------------------------

# clean keeps the C library and BearSSL, which take a minute to build and do not change; distclean keeps nothing.
clean:
	rm -rf $(BUILD)/*/obj $(BUILD)/*/unit $(BUILD)/*/buzon* $(BUILD)/*/libbuzon.a $(BUILD)/*/*.txt $(BUILD)/fuzz
distclean:
	rm -rf $(BUILD)

print-emulator:
	@echo $(EMULATOR)

help:
	@cat board/help
.PHONY: clean distclean print-emulator help FORCE
FORCE:
