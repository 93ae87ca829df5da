// The dialects of chatnode: JSON, a name for each client, and messages with a number; and in chat.v1 rooms
// that a client joins, and an answer to each message that has a number of the client's own.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "dialect_ws.h"
#include "stamp.h"
#include "ws.h"

// Names are of one length, so that a value stands at the same place in every message.
enum { STEP_UPGRADE, STEP_LOGIN, STEP_JOIN };
enum { NAME_BYTES = 10, ROOM_BYTES = 8 };

static const char chat_head[] = "{\"type\":\"chat\",\"username\":\"";
static const char value_head[] = "\",\"value\":\"";

// Contains the ledger's tag, so that names which another run has not yet given back are no
// obstacle.
static void name_of(const struct load *load, const struct client *client, char *name) {
    const uint8_t *tag = load->ledger.value + STAMP_BYTES;
    snprintf(name, NAME_BYTES + 1, "%.*s%06u", TAG_BYTES, tag, client->index);
}

static void room_of(const struct load *load, const struct client *client, char *room) {
    const uint8_t *tag = load->ledger.value + STAMP_BYTES;
    snprintf(room, ROOM_BYTES + 1, "%.*s%04u", TAG_BYTES, tag,
             client->index % load->ledger.rooms % MOST_ROOMS);
}

static void send_text(struct load *load, struct client *client, const char *json, int size) {
    struct bytes out = {0};
    ws_client_frame(&out, WS_TEXT, json, (size_t)size);
    client_send(load, client, &out);
    bytes_free(&out);
}

static void log_in(struct load *load, struct client *client) {
    char name[NAME_BYTES + 1], json[80];
    name_of(load, client, name);
    client->step = STEP_LOGIN;
    send_text(load, client, json,
              snprintf(json, sizeof json, "{\"type\":\"login\",\"username\":\"%s\"}", name));
}

// Joins the client's room, or the lobby if there are no others.
static void join(struct load *load, struct client *client) {
    char room[ROOM_BYTES + 1], json[80] = "{\"type\":\"join\"}";
    room_of(load, client, room);
    client->step = STEP_JOIN;
    if (load->options.rooms) {
        snprintf(json, sizeof json, "{\"type\":\"join\",\"room\":\"%s\"}", room);
    }
    send_text(load, client, json, (int)strlen(json));
}

static bool is_v1(const struct load *load) { return load->dialect == &dialect_chatnode_v1; }

static bool is_mute(const struct load *load, const struct client *client) {
    return load->options.mute && client->index < load->options.senders;
}

static void greet_v1(struct load *load, struct client *client, struct bytes *out) {
    (void)client;
    ws_greet_with(load, "Sec-WebSocket-Protocol: chat.v1\r\n", out);
}

static bool begins(const uint8_t *data, size_t size, const char *text) {
    size_t length = strlen(text);
    return size >= length && !memcmp(data, text, length);
}

// Returns the value of a chat, or NULL if the text is none.
static const uint8_t *find_value(const uint8_t *json, size_t size) {
    const size_t before = sizeof chat_head - 1 + NAME_BYTES, head = sizeof value_head - 1;
    if (size > before + head && !memcmp(json + before, value_head, head)) {
        return json + before + head;
    }
    // The keys are in another order, or the name is of another length.
    if (!memmem(json, size, "\"type\":\"chat\"", 13)) return NULL;
    const uint8_t *found = memmem(json, size, value_head + 2, head - 2);
    return found ? found + head - 2 : NULL;
}

// Takes the answer to a message: they come in the order of the messages, once each.
static void take_ack(struct load *load, struct client *client, const uint8_t *number) {
    unsigned long n = strtoul((const char *)number, NULL, 10);
    uint32_t sent = client->index < load->ledger.sender_count
                        ? load->ledger.senders[client->index].sent : 0;
    if (n != client->acked + 1ul || n > sent) {
        load_problem(load, "client %u got an ack of %lu, after %" PRIu32, client->index, n,
                     client->acked);
    }
    client->acked++;
    load->acks++;
}

static void take_other(struct load *load, struct client *client, const uint8_t *json, size_t size) {
    static const char ack[] = "{\"type\":\"ack\",\"n\":";
    bool greeting = client->stage == STAGE_GREETING;
    if (begins(json, size, ack)) {
        take_ack(load, client, json + sizeof ack - 1);
    } else if (greeting && begins(json, size, "{\"type\":\"logged_in\"")) {
        if (is_v1(load) && !is_mute(load, client)) join(load, client);
        else client_is_live(load, client);
    } else if (greeting && begins(json, size, "{\"type\":\"synced\"")) {
        client_is_live(load, client);
    } else if (begins(json, size, "{\"type\":\"error\"") || begins(json, size, "{\"type\":\"log")) {
        load->refused++;
        load_problem(load, "client %u was told %.*s", client->index, (int)size, (const char *)json);
    }
}

static void take_message(struct load *load, struct client *client, const uint8_t *json,
                         size_t size) {
    const uint8_t *value = find_value(json, size);
    if (!value) {
        take_other(load, client, json, size);
        return;
    }
    if (client->deaf || client->stage != STAGE_LIVE) return;
    size_t value_size = load->ledger.value_size, rest = size - (size_t)(value - json);
    // Shorter, or not closed where it should be: handed over unchanged, to be counted as corrupted.
    if (rest <= value_size || value[value_size] != '"') value_size = rest;
    ledger_receive(&load->ledger, client->index, value, value_size, load->now);
}

static size_t take(struct load *load, struct client *client, const uint8_t *data, size_t size) {
    size_t at = 0;
    if (client->step == STEP_UPGRADE) {
        at = ws_take_upgrade(load, client, data, size);
        if (!at || client->stage != STAGE_GREETING) return at;
        log_in(load, client);
    }
    struct ws_header header;
    while (ws_read_header(data + at, size - at, &header)
           && size - at - header.header_size >= header.payload_size) {
        const uint8_t *payload = data + at + header.header_size;
        if (header.opcode == WS_TEXT) {
            take_message(load, client, payload, header.payload_size);
        } else {
            ws_take_control(load, client, header.opcode, payload, header.payload_size);
        }
        at += header.header_size + header.payload_size;
    }
    return at;
}

static void say(struct load *load, struct client *client, const uint8_t *value, size_t size,
                struct bytes *out) {
    const size_t head = sizeof chat_head - 1, middle = sizeof value_head - 1;
    size_t total = head + NAME_BYTES + middle + size + 2;
    char name[NAME_BYTES + 1];
    name_of(load, client, name);
    uint8_t *payload = ws_client_begin(out, WS_TEXT, total), *to = payload;
    memcpy(to, chat_head, head);
    memcpy(to += head, name, NAME_BYTES);
    memcpy(to += NAME_BYTES, value_head, middle);
    memcpy(to += middle, value, size);
    memcpy(to += size, "\"}", 2);
    ws_client_end(payload, total);
}

static void say_v1(struct load *load, struct client *client, const uint8_t *value, size_t size,
                   struct bytes *out) {
    char name[NAME_BYTES + 1], room[ROOM_BYTES + 1], tail[64] = "\"";
    name_of(load, client, name);
    room_of(load, client, room);
    int length = 1;
    if (load->options.rooms) {
        length += snprintf(tail + length, sizeof tail - (size_t)length, ",\"room\":\"%s\"", room);
    }
    if (load->options.acks) {
        // The number of messages of this sender, this one included: the ledger has counted it.
        length += snprintf(tail + length, sizeof tail - (size_t)length, ",\"n\":%" PRIu32,
                           load->ledger.senders[client->index].sent);
    }
    tail[length++] = '}';
    const size_t head = sizeof chat_head - 1, middle = sizeof value_head - 1;
    size_t total = head + NAME_BYTES + middle + size + (size_t)length;
    uint8_t *payload = ws_client_begin(out, WS_TEXT, total), *to = payload;
    memcpy(to, chat_head, head);
    memcpy(to += head, name, NAME_BYTES);
    memcpy(to += NAME_BYTES, value_head, middle);
    memcpy(to += middle, value, size);
    memcpy(to += size, tail, (size_t)length);
    ws_client_end(payload, total);
}

const struct dialect dialect_chatnode = {"chatnode", ws_greet, take, say};
const struct dialect dialect_chatnode_v1 = {"chatnode-v1", greet_v1, take, say_v1};
