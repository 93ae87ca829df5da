// The dialects of WebSocket servers that pass on what one client sends, byte for
// byte: to all clients, or to those of a room.
#include <stdio.h>
#include <string.h>

#include "dialect.h"
#include "dialect_ws.h"
#include "ws.h"

// Servers with rooms are told the room in the first bytes of each message.
enum { STEP_UPGRADE, STEP_JOIN, STEP_IN };
enum { ROOM_BYTES = 4 };

static void write_room(const struct load *load, const struct client *client, char *room) {
    snprintf(room, ROOM_BYTES + 1, "%04u", client->index % load->ledger.rooms % MOST_ROOMS);
}

// Handles the complete frames at the front; `skipped` bytes are before each value.
static size_t take_frames(struct load *load, struct client *client, const uint8_t *data,
                          size_t size, size_t skipped) {
    size_t at = 0;
    struct ws_header header;
    while (ws_read_header(data + at, size - at, &header)
           && size - at - header.header_size >= header.payload_size) {
        const uint8_t *payload = data + at + header.header_size;
        if (header.opcode == WS_TEXT || header.opcode == WS_BINARY) {
            if (client->step == STEP_JOIN) {
                // The server repeats the room when the client is in it.
                client->step = STEP_IN;
                client_is_live(load, client);
            } else if (header.payload_size >= skipped) {
                ledger_receive(&load->ledger, client->index, payload + skipped,
                               header.payload_size - skipped, load->now);
            } else {
                load_problem(load, "client %u got a message without a room", client->index);
            }
        } else {
            ws_take_control(load, client, header.opcode, payload, header.payload_size);
        }
        at += header.header_size + header.payload_size;
    }
    return at;
}

static size_t take(struct load *load, struct client *client, const uint8_t *data, size_t size) {
    if (client->stage == STAGE_LIVE) return take_frames(load, client, data, size, 0);
    size_t head = ws_take_upgrade(load, client, data, size);
    if (head && client->stage == STAGE_GREETING) {
        client->step = STEP_IN;
        client_is_live(load, client);
    }
    return head;
}

static size_t take_in_rooms(struct load *load, struct client *client, const uint8_t *data,
                            size_t size) {
    if (client->step != STEP_UPGRADE) return take_frames(load, client, data, size, ROOM_BYTES);
    size_t head = ws_take_upgrade(load, client, data, size);
    if (head && client->stage == STAGE_GREETING) {
        client->step = STEP_JOIN;
        char room[ROOM_BYTES + 1];
        write_room(load, client, room);
        struct bytes out = {0};
        ws_client_frame(&out, WS_TEXT, room, ROOM_BYTES);
        client_send(load, client, &out);
        bytes_free(&out);
    }
    return head;
}

static void say(struct load *load, struct client *client, const uint8_t *value, size_t size,
                struct bytes *out) {
    (void)load, (void)client;
    ws_client_frame(out, WS_TEXT, value, size);
}

static void say_in_room(struct load *load, struct client *client, const uint8_t *value, size_t size,
                        struct bytes *out) {
    char room[ROOM_BYTES + 1];
    write_room(load, client, room);
    uint8_t *payload = ws_client_begin(out, WS_TEXT, ROOM_BYTES + size);
    memcpy(payload, room, ROOM_BYTES);
    memcpy(payload + ROOM_BYTES, value, size);
    ws_client_end(payload, ROOM_BYTES + size);
}

const struct dialect dialect_raw = {"raw", ws_greet, take, say};
const struct dialect dialect_raw_rooms = {"raw-rooms", ws_greet, take_in_rooms, say_in_room};
