#include "ws.h"

// Any key will do between a generator and a server that trust each other, but not zero: a server
// that checks for it could skip the work.
static const uint8_t client_mask[4] = {0x37, 0xFA, 0x21, 0x3D};

void ws_mask(uint8_t *data, size_t size, const uint8_t mask[4]) {
    uint32_t four;
    memcpy(&four, mask, 4);
    uint64_t eight = (uint64_t)four << 32 | four;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        word ^= eight;
        memcpy(data + i, &word, 8);
    }
    for (; i < size; i++) data[i] ^= mask[i & 3];
}

static size_t write_header(uint8_t *to, uint8_t opcode, size_t payload_size, uint8_t mask_bit) {
    to[0] = 0x80 | opcode;
    if (payload_size < 126) {
        to[1] = mask_bit | (uint8_t)payload_size;
        return 2;
    }
    int length_bytes = payload_size <= 0xFFFF ? 2 : 8;
    to[1] = mask_bit | (length_bytes == 2 ? 126 : 127);
    for (int i = 0; i < length_bytes; i++) {
        to[2 + i] = (uint8_t)((uint64_t)payload_size >> (8 * (length_bytes - 1 - i)));
    }
    return 2 + (size_t)length_bytes;
}

void ws_server_header(struct bytes *out, uint8_t opcode, size_t payload_size) {
    uint8_t *to = bytes_reserve(out, WS_LONGEST_HEADER);
    out->size += write_header(to, opcode, payload_size, 0);
}

uint8_t *ws_client_begin(struct bytes *out, uint8_t opcode, size_t payload_size) {
    uint8_t *to = bytes_reserve(out, WS_LONGEST_HEADER + payload_size);
    size_t header = write_header(to, opcode, payload_size, 0x80);
    memcpy(to + header, client_mask, 4);
    out->size += header + 4 + payload_size;
    return to + header + 4;
}

void ws_client_end(uint8_t *payload, size_t payload_size) {
    ws_mask(payload, payload_size, client_mask);
}

void ws_client_frame(struct bytes *out, uint8_t opcode, const void *payload, size_t payload_size) {
    uint8_t *to = ws_client_begin(out, opcode, payload_size);
    if (payload_size) memcpy(to, payload, payload_size);
    ws_client_end(to, payload_size);
}
