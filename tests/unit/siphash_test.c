/* SipHash-2-4 against the vectors of the paper and of its reference implementation. */
#include "base/siphash.h"

#include "test.h"

static void vectors(void)
{
    static const struct { size_t n; uint64_t hash; } known[] = {
        { 0, 0x726fdb47dd0e0e31u }, { 1, 0x74f839c593dc67fdu }, { 7, 0xab0200f58b01d137u },
        { 8, 0x93f5f5799a932462u }, { 15, 0xa129ca6149be45e5u },      /* the paper's, appendix A */
        { 63, 0x958a324ceb064572u },
    };
    uint8_t key[SIPHASH_KEY], data[64];

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(siphash(key, data, known[i].n) == known[i].hash);
    key[15] ^= 1;
    CHECK(siphash(key, data, 15) != 0xa129ca6149be45e5u);
}

int main(void)
{
    RUN(vectors);
    TEST_DONE();
}
