// What all dialects over WebSocket share: the upgrade, the walk over frames, pings and closes.
#pragma once

#include "dialect.h"

void ws_greet(struct load *, struct client *, struct bytes *out);

// Called for the payload of each message.
typedef void (*ws_message)(struct load *, struct client *, const uint8_t *payload, size_t size);

// The answer to the upgrade. Returns its size, or 0 while it is not all there.
size_t ws_take_upgrade(struct load *, struct client *, const uint8_t *data, size_t size);

// A frame that is no message. Rare, so apart from the walk.
void ws_take_control(struct load *, struct client *, uint8_t opcode, const uint8_t *payload,
                     size_t size);
