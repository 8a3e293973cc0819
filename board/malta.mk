# MIPS Malta, little-endian: QEMU's MIPS board, and the MT76xx and RT305x routers. No FPU.
TRIPLET  := mipsel-linux-gnu
TARGET   := mipsel-linux-muslsf
CPU      := -march=mips32r2 -msoft-float
OWN      := -mips16
PIE      := yes
PAGE     := 4096
NO_FPU   := yes
EMULATOR := qemu-mipsel-static -cpu 24Kc
BUDGET   := 344064
PACKAGES := gcc-mipsel-linux-gnu linux-libc-dev-mipsel-cross gcc-12-source qemu-user-static
