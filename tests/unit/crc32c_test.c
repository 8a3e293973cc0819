/* CRC-32C against the vectors of RFC 3720 B.4 and against itself cut into pieces. */
#include "base/crc32c.h"

#include "test.h"

static void of_nothing_is_zero(void)
{
    CHECK_EQ(crc32c(0, "", 0), 0);
}

static void the_check_value(void)
{
    CHECK_EQ(crc32c(0, "123456789", 9), 0xe3069283u);
}

/* RFC 3720 prints the CRC's bytes in the order in which they are sent: lowest first. */
static void rfc3720_b4(void)
{
    static const unsigned char scsi_read[48] = {
        0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0,
            0x18,
        0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
    };
    unsigned char data[32];

    memset(data, 0, sizeof data);
    CHECK_EQ(crc32c(0, data, sizeof data), 0x8a9136aau);
    memset(data, 0xff, sizeof data);
    CHECK_EQ(crc32c(0, data, sizeof data), 0x62a8ab43u);
    for (unsigned i = 0; i < 32; i++)
        data[i] = (unsigned char)i;
    CHECK_EQ(crc32c(0, data, sizeof data), 0x46dd794eu);
    for (unsigned i = 0; i < 32; i++)
        data[i] = (unsigned char)(31 - i);
    CHECK_EQ(crc32c(0, data, sizeof data), 0x113fdb5cu);
    CHECK_EQ(crc32c(0, scsi_read, sizeof scsi_read), 0xd9963a56u);
}

/* A bit at a time, as the polynomial says it. */
static uint32_t slow(const unsigned char *p, size_t n)
{
    uint32_t crc = 0xffffffffu;

    for (; n > 0; n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void every_length_and_alignment_as_the_definition(void)
{
    unsigned char data[64];

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 37 + 11);
    for (size_t start = 0; start < 5; start++)
        for (size_t n = 0; start + n <= sizeof data; n++)
            CHECK_EQ(crc32c(0, data + start, n), slow(data + start, n));
}

static void long_runs_as_the_definition(void)
{
    static unsigned char data[9000];

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * i * 31 + i / 7);
    for (size_t start = 0; start < 9; start++)
        for (size_t n = 4090; n < 4110; n++)
            CHECK_EQ(crc32c(0, data + start, n), slow(data + start, n));
    CHECK_EQ(crc32c(0, data, sizeof data), slow(data, sizeof data));
    CHECK_EQ(crc32c(crc32c(0, data, 100), data + 100, sizeof data - 100), slow(data, sizeof data));
    CHECK_EQ(crc32c(crc32c(0, data, 5000), data + 5000, sizeof data - 5000), slow(data, sizeof data));
}

static void it_goes_on_from_any_split(void)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    size_t n = sizeof text - 1;
    uint32_t whole = crc32c(0, text, n), bytes = 0;

    for (size_t a = 0; a <= n; a++)
        for (size_t b = a; b <= n; b++)
            CHECK_EQ(crc32c(crc32c(crc32c(0, text, a), text + a, b - a), text + b, n - b), whole);
    for (size_t i = 0; i < n; i++)
        bytes = crc32c(bytes, text + i, 1);
    CHECK_EQ(bytes, whole);
}

static void any_one_bit_changes_it(void)
{
    char data[40] = "a record that is short";
    uint32_t whole = crc32c(0, data, sizeof data);

    for (size_t i = 0; i < 8 * sizeof data; i++) {
        data[i / 8] ^= (char)(1 << i % 8);
        CHECK(crc32c(0, data, sizeof data) != whole);
        data[i / 8] ^= (char)(1 << i % 8);
    }
}

/* From here on by the processor, where it can. */
static void the_same_by_the_processors_instruction(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        crc32c_by_instruction();
#endif
    of_nothing_is_zero();
    the_check_value();
    rfc3720_b4();
    every_length_and_alignment_as_the_definition();
    long_runs_as_the_definition();
    it_goes_on_from_any_split();
    any_one_bit_changes_it();
}

int main(void)
{
    RUN(of_nothing_is_zero);
    RUN(the_check_value);
    RUN(rfc3720_b4);
    RUN(every_length_and_alignment_as_the_definition);
    RUN(long_runs_as_the_definition);
    RUN(it_goes_on_from_any_split);
    RUN(any_one_bit_changes_it);
    RUN(the_same_by_the_processors_instruction);
    TEST_DONE();
}
