// How to talk with a kind of server.
#pragma once

#include "load.h"

struct dialect {
    const char *name;
    // The TCP connection is there: what to say first.
    void (*greet)(struct load *, struct client *, struct bytes *out);
    // Takes what is whole from the front of what was received, and says how many bytes that was.
    size_t (*take)(struct load *, struct client *, const uint8_t *data, size_t size);
    // Appends a message with this value.
    void (*say)(struct load *, struct client *, const uint8_t *value, size_t size,
                struct bytes *out);
};

extern const struct dialect dialect_raw, dialect_chatnode, dialect_nats;

// NULL if there is none of that name.
const struct dialect *dialect_named(const char *name);
