# ARMv7 with an FPU, Thumb-2: QEMU's virt board, and the IPQ40xx and mvebu routers.
TRIPLET  := arm-linux-gnueabihf
TARGET   := arm-linux-musleabihf
CPU      := -march=armv7-a -mfpu=vfpv3-d16 -mfloat-abi=hard -mthumb
PIE      := yes
EMULATOR := qemu-arm-static -cpu cortex-a15
BUDGET   := 327680
PACKAGES := gcc-arm-linux-gnueabihf linux-libc-dev-armhf-cross qemu-user-static
