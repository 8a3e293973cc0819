# Builds DIR/libbearssl.a from BearSSL's sources in DIR; called by board/build-bearssl. Its own Makefile lists the
# files; a wildcard does as well, and takes our compiler and flags as they are.
#
# Seeds come from getentropy and, on kernels before 3.17, from /dev/urandom. Times are passed by the caller.
SRC := $(sort $(wildcard $(DIR)/src/*.c $(DIR)/src/*/*.c))
OBJ := $(SRC:.c=.o)

$(DIR)/libbearssl.a: $(OBJ)
	rm -f $@
	$(AR) rcsD $@ $(OBJ)

$(DIR)/src/%.o: $(DIR)/src/%.c
	$(CC) $(CFLAGS) -fno-asynchronous-unwind-tables -fno-unwind-tables -DBR_USE_GETENTROPY=1 -DBR_USE_URANDOM=1 \
	    -DBR_USE_UNIX_TIME=0 -I$(DIR)/src -I$(DIR)/inc -c -o $@ $<
