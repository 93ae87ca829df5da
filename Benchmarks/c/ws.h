// Reads and writes WebSocket frames (RFC 6455, 5.2).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

enum { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };
enum { WS_LONGEST_HEADER = 14 };

struct ws_header {
    uint8_t opcode;
    bool last;
    bool masked;
    uint8_t mask[4];
    size_t header_size;
    size_t payload_size;
};

// Returns false while the header is incomplete. Inline, because it is called once for each message
// received.
static inline bool ws_read_header(const uint8_t *data, size_t size, struct ws_header *header) {
    if (size < 2) return false;
    size_t at = 2;
    uint64_t payload = data[1] & 0x7F;
    header->opcode = data[0] & 0x0F;
    header->last = data[0] & 0x80;
    header->masked = data[1] & 0x80;
    size_t need = 2 + (payload == 126 ? 2 : payload == 127 ? 8 : 0) + (header->masked ? 4 : 0);
    if (size < need) return false;
    if (payload >= 126) {
        int length_bytes = payload == 126 ? 2 : 8;
        payload = 0;
        for (int i = 0; i < length_bytes; i++) payload = payload << 8 | data[at++];
    }
    if (header->masked) {
        memcpy(header->mask, data + at, 4);
        at += 4;
    }
    header->header_size = at;
    header->payload_size = payload;
    return true;
}

// Masks or unmasks in place.
void ws_mask(uint8_t *data, size_t size, const uint8_t mask[4]);

// Appends the header of an unmasked frame.
void ws_server_header(struct bytes *out, uint8_t opcode, size_t payload_size);

// Append a masked frame in two steps: the first returns the place for the payload, the second masks
// it after it has been written there.
uint8_t *ws_client_begin(struct bytes *out, uint8_t opcode, size_t payload_size);
void ws_client_end(uint8_t *payload, size_t payload_size);
void ws_client_frame(struct bytes *out, uint8_t opcode, const void *payload, size_t payload_size);
