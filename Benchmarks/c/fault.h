// Deliberate faults of the floor, which the generator's own checks must find: one connection gets
// every 50th message wrong.
#pragma once

#include <stdbool.h>

#include "bytes.h"

enum fault { FAULT_NONE, FAULT_DROP, FAULT_DOUBLE, FAULT_SWAP, FAULT_CORRUPT };

bool fault_named(const char *name, enum fault *fault);

// Appends to `out` what the connection with the fault gets instead of these frames.
void fault_spoil(enum fault fault, const struct bytes *frames, struct bytes *out);
