#include "dialect_ws.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ws.h"

// A fixed key, and the answer that RFC 6455 (1.3) gives for it.
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char accept_value[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void ws_greet(struct load *load, struct client *client, struct bytes *out) {
    (void)client;
    ws_greet_with(load, "", out);
}

void ws_greet_with(struct load *load, const char *fields, struct bytes *out) {
    char request[512];
    // Without Sec-WebSocket-Extensions, so that no server compresses.
    int size = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        load->options.path, load->options.port, key, fields);
    bytes_append(out, request, (size_t)size);
}

size_t ws_take_upgrade(struct load *load, struct client *client, const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - data) + 4;
    if (head < 12 || memcmp(data, "HTTP/1.1 101", 12) || !memmem(data, head, accept_value, 28)) {
        load_problem(load, "the upgrade was refused: %.60s", data);
        client->stage = STAGE_CLOSED;
    }
    return head;
}

void ws_take_control(struct load *load, struct client *client, uint8_t opcode,
                     const uint8_t *payload, size_t size) {
    struct bytes out = {0};
    if (opcode == WS_PING) {
        load->pings++;
        ws_client_frame(&out, WS_PONG, payload, size);
        client_send(load, client, &out);
    } else if (opcode == WS_CLOSE) {
        unsigned code = size >= 2 ? (unsigned)payload[0] << 8 | payload[1] : 1005;
        load_problem(load, "client %u was closed with %u %.*s", client->index, code,
                     (int)(size > 2 ? size - 2 : 0), (const char *)payload + 2);
    } else if (opcode == WS_PONG) {
        if (load->probes && size == sizeof(struct probe)) {
            probes_answered(load->probes, payload);
        }
    } else {
        load_problem(load, "client %u got a frame of opcode %u", client->index, opcode);
    }
    bytes_free(&out);
}
