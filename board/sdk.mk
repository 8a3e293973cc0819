# Whatever the compiler named by CROSS_COMPILE makes by default. BOARD=NAME beside it takes that board's flags.
PIE      := yes
EMULATOR :=
BUDGET   := 524288
PACKAGES :=
