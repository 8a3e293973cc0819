# Builds for this machine that find bugs: with gcc's sanitizers (build/san), and fuzzers by clang (build/fuzz). Both
# use the system's own C library, since the sanitizers need it.

SAN  := $(BUILD)/san
FUZZ := $(BUILD)/fuzz
SAN_FLAGS  = $(CPPFLAGS) -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
             -isystem $(SAN)/bearssl/inc -MMD -MP
FUZZ_FLAGS = $(CPPFLAGS) -w -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
             -fno-sanitize-recover=all -isystem $(SAN)/bearssl/inc -MMD -MP

# BearSSL is not what is looked at here: it is built as it is shipped.
$(SAN)/bearssl/.done: $(CACHE)/$(BEARSSL_TAR) board/bearssl.mk
	$(call step,BEARSSL san,$(SAN)) board/build-bearssl $< $(@D) gcc ar -O1

# What tests run that ask the library itself, without an applet.
HELPERS := policy_ask

unit-san: $(UNIT:%=$(SAN)/unit/%) $(HELPERS:%=$(SAN)/support/%) $(SAN)/buzon
.PHONY: unit-san fuzz

$(SAN)/obj/%.o: %.c $(SAN)/bearssl/.done Makefile
	$(call say,CC,$@)
	$Qmkdir -p $(@D)
	$Qgcc $(SAN_FLAGS) -c -o $@ $<

$(SAN)/buzon: $(SRC:%.c=$(SAN)/obj/%.o)
	$(call say,LINK,$@)
	$Qgcc $(SAN_FLAGS) -o $@ $^ $(SAN)/bearssl/libbearssl.a

$(SAN)/libbuzon.a: $(LIB_SRC:%.c=$(SAN)/obj/%.o)
	$Qrm -f $@ && ar rcsD $@ $^

$(SAN)/unit/session_split_test: private SAN_FLAGS += $(WRAP)
$(SAN)/unit/%: tests/unit/%.c $(SAN)/libbuzon.a
	$(call say,UNIT,$@)
	$Qmkdir -p $(@D)
	$Qgcc $(SAN_FLAGS) -MF $@.d -Itests/unit -o $@ $< $(SAN)/libbuzon.a $(SAN)/bearssl/libbearssl.a

$(SAN)/support/%: tests/support/%.c $(SAN)/libbuzon.a
	$(call say,HELPER,$@)
	$Qmkdir -p $(@D)
	$Qgcc $(SAN_FLAGS) -MF $@.d -o $@ $< $(SAN)/libbuzon.a $(SAN)/bearssl/libbearssl.a

# Fuzzers: the whole library with coverage, one program a tests/fuzz/NAME_fuzz.c.
fuzz: deps-fuzz $(patsubst tests/fuzz/%.c,$(FUZZ)/%,$(wildcard tests/fuzz/*_fuzz.c))

$(FUZZ)/obj/%.o: %.c $(SAN)/bearssl/.done Makefile | deps-fuzz
	$(call say,CLANG,$@)
	$Qmkdir -p $(@D)
	$Qclang $(FUZZ_FLAGS) -c -o $@ $<

$(FUZZ)/libbuzon.a: $(LIB_SRC:%.c=$(FUZZ)/obj/%.o)
	$Qrm -f $@ && ar rcsD $@ $^

$(FUZZ)/session_fuzz: private FUZZ_FLAGS += $(WRAP)
$(FUZZ)/%_fuzz: tests/fuzz/%_fuzz.c $(FUZZ)/libbuzon.a
	$(call say,FUZZ,$@)
	$Qclang $(FUZZ_FLAGS) -fsanitize=fuzzer -MF $@.d -Itests/unit -o $@ $< $(FUZZ)/libbuzon.a \
	    $(SAN)/bearssl/libbearssl.a

-include $(wildcard $(SAN)/obj/*/*.d $(SAN)/obj/*/*/*.d $(SAN)/unit/*.d $(SAN)/support/*.d \
                    $(FUZZ)/obj/*/*/*.d $(FUZZ)/*.d)
