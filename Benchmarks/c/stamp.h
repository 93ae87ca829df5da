// The mark of a message, from which a recipient can read its sender and its number in a few
// instructions: sender (8 bits) and number (32 bits) as eight characters of five bits each, from
// '0' to 'O'. None of them needs escaping in JSON.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { STAMP_BYTES = 8, STAMP_SENDERS = 256 };

static inline void stamp_write(uint8_t *to, uint8_t sender, uint32_t number) {
    uint64_t x = (uint64_t)sender << 32 | number;
    x = (x & 0x00000000000FFFFF) | (x << 12 & 0x000FFFFF00000000);
    x = (x & 0x000003FF000003FF) | (x << 6 & 0x03FF000003FF0000);
    x = (x & 0x001F001F001F001F) | (x << 3 & 0x1F001F001F001F00);
    x += 0x3030303030303030;
    memcpy(to, &x, STAMP_BYTES);
}

// Returns false if the bytes are not a stamp.
static inline bool stamp_read(const uint8_t *from, uint8_t *sender, uint32_t *number) {
    uint64_t x;
    memcpy(&x, from, STAMP_BYTES);
    x -= 0x3030303030303030;
    if (x & 0xE0E0E0E0E0E0E0E0) return false;
    x = (x & 0x001F001F001F001F) | (x >> 3 & 0x03E003E003E003E0);
    x = (x & 0x000003FF000003FF) | (x >> 6 & 0x000FFC00000FFC00);
    x = (x & 0x00000000000FFFFF) | (x >> 12 & 0x000000FFFFF00000);
    *sender = (uint8_t)(x >> 32);
    *number = (uint32_t)x;
    return true;
}
