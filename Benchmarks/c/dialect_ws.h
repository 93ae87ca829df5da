// The common part of all dialects over WebSocket: the upgrade, pings and closes.
#pragma once

#include "dialect.h"

void ws_greet(struct load *, struct client *, struct bytes *out);

// The same with further header fields, each with its line end.
void ws_greet_with(struct load *load, const char *fields, struct bytes *out);

// Called for the payload of each message.
typedef void (*ws_message)(struct load *, struct client *, const uint8_t *payload, size_t size);

// Handles the answer to the upgrade. Returns its size, or 0 while it is incomplete.
size_t ws_take_upgrade(struct load *, struct client *, const uint8_t *data, size_t size);

// Handles a frame that is not a message. These are rare, so they have a function of their own.
void ws_take_control(struct load *, struct client *, uint8_t opcode, const uint8_t *payload,
                     size_t size);
