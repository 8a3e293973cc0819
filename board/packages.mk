# Debian packages: what building, the demo and the tests need. A board's own are in its NAME.mk. board/deps installs
# those that are missing and is fast when none is.

PACKAGES_BUILD := gcc libc6-dev linux-libc-dev binutils make xz-utils uthash-dev
PACKAGES_DEMO  := busybox iproute2 openbsd-inetd openssl procps python3 python3-aiosmtpd swaks util-linux
PACKAGES_FUZZ  := clang libclang-rt-14-dev
PACKAGES_CHECK := $(PACKAGES_DEMO) $(PACKAGES_FUZZ) cron curl faketime mandoc msmtp postfix python3-pytest s-nail \
                  shellcheck strace tcpd
PACKAGES_BENCH := $(PACKAGES_CHECK) ucspi-tcp

# Mail servers that send to ours in tests/slow. Debian installs one at a time, and postfix is that one: these are
# unpacked into $(ASIDE), and only what they need to run is installed.
PACKAGES_SLOW  := libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 node-nodemailer nodejs
PACKAGES_ASIDE := exim4-daemon-light opensmtpd
export ASIDE   ?= $(abspath $(CACHE)/aside)

# Read by sed, since only one NAME.mk is included.
PACKAGES_BOARDS = $(shell sed -n 's/^PACKAGES *:= *//p' board/*.mk)

deps:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES)
deps-boards:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_BOARDS)
deps-demo:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_DEMO)
deps-fuzz:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_FUZZ)
deps-check:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_CHECK)
deps-bench:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_BENCH)
deps-check-all:
	@board/deps $(PACKAGES_BUILD) $(PACKAGES_CHECK) $(PACKAGES_SLOW) $(PACKAGES_BOARDS)
	@board/aside $(ASIDE) $(PACKAGES_ASIDE)
.PHONY: deps deps-boards deps-demo deps-fuzz deps-check deps-check-all deps-bench
