# The compiler, and the libraries buzon is linked with: musl, BearSSL, uthash's one header.
#
# Debian's compilers know only glibc, so musl is built once a board and the compiler told of it by a specs file.
# With CROSS_COMPILE= from outside (an OpenWrt SDK, Buildroot) that compiler brings its own musl.

ifeq ($(origin CROSS_COMPILE),undefined)
CROSS_COMPILE := $(if $(TRIPLET),$(TRIPLET)-)
MUSL := $O/sysroot
CC   := $(CROSS_COMPILE)gcc -specs=$(MUSL)/musl.specs
else
CC   := $(CROSS_COMPILE)gcc $(if $(SYSROOT),--sysroot=$(SYSROOT))
endif
AR      := $(CROSS_COMPILE)ar
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
READELF := $(CROSS_COMPILE)readelf

# How code is made and linked, for buzon and its libraries alike.
# - PIE=yes: the kernel places the program anew at each start. Not every compiler knows that -static-pie means all that
#   LINK says after it.
# - Hidden: nothing is exported by a static program; on MIPS the tables of names would be 7 KB.
# - PAGE: where segments may begin. The linker's 64 KB for MIPS and AArch64 would leave a hole of that size in the file.
CODE := $(CPU) -ffunction-sections -fdata-sections -fvisibility=hidden $(if $(filter yes,$(PIE)),-fPIE,-fno-pie)
LINK_yes := -static-pie -Wl,-static,-pie,--no-dynamic-linker,-z,text
LINK_no  := -static -no-pie
LINK := $(LINK_$(PIE)) $(PAGE:%=-Wl,-z,max-page-size=%)

# $(call record,FILE,TEXT): a file with this text, written only when the text has changed.
define record
$1: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$2' | cmp -s - $$@ || printf '%s\n' '$2' > $$@
endef
# The specs file names musl by its full path, so a tree that was moved builds it again.
$(eval $(call record,$O/toolchain.txt,$(CC) $(CODE) $(TARGET) $(CURDIR)))

# Upstream's tarballs, from Debian's archive; board/sources pins them.
MUSL_TAR    := musl_1.2.5.orig.tar.gz
BEARSSL_TAR := bearssl_0.6+dfsg.1.orig.tar.xz

$(CACHE)/%: | deps
	$(call say,FETCH,$*)
	$Qboard/fetch $* $@

# A step of a minute: one line, its output in a log, a file .done at its end.
step = +$Q$(if $(quiet),QUIET=1) board/step $1 $2/log $@

$O/sysroot/.done: $(CACHE)/$(MUSL_TAR) $O/toolchain.txt board/build-musl board/build-soft-fp
	$(call step,MUSL $(BOARD),$O) board/build-musl $< $(@D) '$(TARGET)' '$(CROSS_COMPILE)' '$(CODE)'

$O/bearssl/.done: $(CACHE)/$(BEARSSL_TAR) $O/toolchain.txt board/bearssl.mk $(MUSL:%=%/.done)
	$(call step,BEARSSL $(BOARD),$O) board/build-bearssl $< $(@D) '$(CC)' '$(AR)' '-Os $(CODE)'

$O/include/uthash.h: | deps
	$Qmkdir -p $(@D) && cp /usr/include/uthash.h $@

$O/.libraries: $O/bearssl/.done $O/include/uthash.h
	$Qtouch $@
