// How the generator talks with a kind of server.
#pragma once

#include "load.h"

struct dialect {
    const char *name;
    // Appends what to send first, when the TCP connection is made.
    void (*greet)(struct load *, struct client *, struct bytes *out);
    // Handles the complete units at the front of what was received, and returns how many bytes they
    // were.
    size_t (*take)(struct load *, struct client *, const uint8_t *data, size_t size);
    // Appends a message with this value.
    void (*say)(struct load *, struct client *, const uint8_t *value, size_t size,
                struct bytes *out);
};

extern const struct dialect dialect_raw, dialect_raw_rooms, dialect_chatnode, dialect_chatnode_v1,
    dialect_nats;

// Returns the dialect of that name, or NULL.
const struct dialect *dialect_named(const char *name);
