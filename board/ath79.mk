# Atheros AR71xx to QCA956x, big-endian 24Kc or 74Kc: the largest family of older routers. No FPU.
TRIPLET  := mips-linux-gnu
TARGET   := mips-linux-muslsf
CPU      := -march=mips32r2 -mtune=24kc -msoft-float
OWN      := -mips16
PIE      := yes
PAGE     := 4096
NO_FPU   := yes
EMULATOR := qemu-mips-static -cpu 24Kc
BUDGET   := 344064
PACKAGES := gcc-mips-linux-gnu linux-libc-dev-mips-cross gcc-12-source qemu-user-static
