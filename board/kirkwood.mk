# Marvell Kirkwood, ARMv5TE: SheevaPlug, older NAS boxes. No FPU; Thumb code: 108 KB where ARM code made 149.
TRIPLET  := arm-linux-gnueabi
TARGET   := arm-linux-musleabi
CPU      := -march=armv5te -mfloat-abi=soft -mthumb
PIE      := yes
EMULATOR := qemu-arm-static -cpu arm926
BUDGET   := 245760
PACKAGES := gcc-arm-linux-gnueabi linux-libc-dev-armel-cross qemu-user-static
