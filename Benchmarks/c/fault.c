#include "fault.h"

#include <string.h>

#include "ws.h"

enum { EVERY = 50 };

static struct {
    unsigned long seen;
    // With FAULT_SWAP, the frame that waits until the one after it was sent.
    struct bytes held;
} victim;

bool fault_named(const char *name, enum fault *fault) {
    static const char *names[] = {"none", "drop", "double", "swap", "corrupt"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *fault = (enum fault)i;
            return true;
        }
    }
    return false;
}

static void spoil_one(enum fault fault, const uint8_t *frame, size_t size, struct bytes *out) {
    switch (fault) {
    case FAULT_NONE:
    case FAULT_DROP:
        break;
    case FAULT_DOUBLE:
        bytes_append(out, frame, size);
        bytes_append(out, frame, size);
        break;
    case FAULT_SWAP:
        bytes_append(&victim.held, frame, size);
        break;
    case FAULT_CORRUPT:
        bytes_append(out, frame, size);
        out->data[out->size - 1] ^= 1;
        break;
    }
}

void fault_spoil(enum fault fault, const struct bytes *frames, struct bytes *out) {
    struct ws_header header;
    size_t at = 0;
    while (at < frames->size && ws_read_header(frames->data + at, frames->size - at, &header)) {
        size_t size = header.header_size + header.payload_size;
        if (++victim.seen % EVERY == 0) {
            spoil_one(fault, frames->data + at, size, out);
        } else {
            bytes_append(out, frames->data + at, size);
            bytes_append(out, victim.held.data, victim.held.size);
            victim.held.size = 0;
        }
        at += size;
    }
}
