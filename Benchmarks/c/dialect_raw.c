// The dialect of WebSocket servers that pass on to all clients what one of them sends, byte for
// byte.
#include "dialect.h"
#include "dialect_ws.h"
#include "ws.h"

static size_t take(struct load *load, struct client *client, const uint8_t *data, size_t size) {
    if (client->stage != STAGE_LIVE) {
        size_t head = ws_take_upgrade(load, client, data, size);
        if (head && client->stage == STAGE_GREETING) client_is_live(load, client);
        return head;
    }
    size_t at = 0;
    struct ws_header header;
    while (ws_read_header(data + at, size - at, &header)
           && size - at - header.header_size >= header.payload_size) {
        const uint8_t *payload = data + at + header.header_size;
        if (header.opcode == WS_TEXT || header.opcode == WS_BINARY) {
            ledger_receive(&load->ledger, client->index, payload, header.payload_size, load->now);
        } else {
            ws_take_control(load, client, header.opcode, payload, header.payload_size);
        }
        at += header.header_size + header.payload_size;
    }
    return at;
}

static void say(struct load *load, struct client *client, const uint8_t *value, size_t size,
                struct bytes *out) {
    (void)load, (void)client;
    ws_client_frame(out, WS_TEXT, value, size);
}

const struct dialect dialect_raw = {"raw", ws_greet, take, say};
