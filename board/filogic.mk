# MediaTek Filogic, Cortex-A53: current WiFi 6 and 7 routers. Atomics inline: the outlined ones ask the C library
# for its auxiliary vector in a way that musl lacks. OpenWrt's kernels for it have pages of 4 KB.
TRIPLET  := aarch64-linux-gnu
TARGET   := aarch64-linux-musl
CPU      := -mcpu=cortex-a53 -mno-outline-atomics
PIE      := yes
PAGE     := 4096
EMULATOR := qemu-aarch64-static -cpu cortex-a53
BUDGET   := 458752
PACKAGES := gcc-aarch64-linux-gnu linux-libc-dev-arm64-cross qemu-user-static
