// SHA-1 (RFC 3174) and base64 (RFC 4648), which only the handshake of WebSocket needs.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Computes the value of Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2): 28 characters and a zero.
void websocket_accept(const char *key, size_t key_size, char accept[29]);
