# This machine.
TRIPLET  :=
TARGET   := $(shell uname -m)-linux-musl
CPU      :=
PIE      := yes
EMULATOR :=
BUDGET   := 524288
PACKAGES :=
