// The dialect of chatnode: JSON, a name for each client, and messages with a number.
#include <stdio.h>
#include <string.h>

#include "dialect.h"
#include "dialect_ws.h"
#include "stamp.h"
#include "ws.h"

// Names are of one length, so that a value stands at the same place in every message.
enum { STEP_UPGRADE, STEP_LOGIN };
enum { NAME_BYTES = 10 };

static const char chat_head[] = "{\"type\":\"chat\",\"username\":\"";
static const char value_head[] = "\",\"value\":\"";

// Contains the ledger's tag, so that names which another run has not yet given back are no
// obstacle.
static void name_of(const struct load *load, const struct client *client, char *name) {
    const uint8_t *tag = load->ledger.value + STAMP_BYTES;
    snprintf(name, NAME_BYTES + 1, "%.*s%06u", TAG_BYTES, tag, client->index);
}

static void log_in(struct load *load, struct client *client) {
    char name[NAME_BYTES + 1], json[80];
    name_of(load, client, name);
    int size = snprintf(json, sizeof json, "{\"type\":\"login\",\"username\":\"%s\"}", name);
    struct bytes out = {0};
    ws_client_frame(&out, WS_TEXT, json, (size_t)size);
    client_send(load, client, &out);
    bytes_free(&out);
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

static void take_other(struct load *load, struct client *client, const uint8_t *json, size_t size) {
    bool answer = begins(json, size, "{\"type\":\"logged_in\"");
    if (answer && client->stage == STAGE_GREETING) {
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
        client->step = STEP_LOGIN;
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

const struct dialect dialect_chatnode = {"chatnode", ws_greet, take, say};
