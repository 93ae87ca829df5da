// The dialect of NATS: its own text protocol over TCP, without JetStream: at most once, as fast as
// possible.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

static void greet(struct load *load, struct client *client, struct bytes *out) {
    // The PONG tells that the subscription is made.
    char text[160];
    int size = snprintf(text, sizeof text,
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true,\"name\":\"load\"}\r\n"
        "SUB %04u 1\r\nPING\r\n", client->index % load->ledger.rooms);
    bytes_append(out, text, (size_t)size);
}

// Handles MSG <subject> <sid> [reply-to] <bytes>\r\n<payload>\r\n; returns its size, or 0 while it
// is incomplete.
static size_t take_message(struct load *load, struct client *client, const uint8_t *line,
                           size_t line_size, size_t size) {
    const uint8_t *number = memrchr(line, ' ', line_size - 2);
    size_t payload = number ? strtoul((const char *)number + 1, NULL, 10) : 0;
    if (size < line_size + payload + 2) return 0;
    if (!client->deaf && client->stage == STAGE_LIVE) {
        ledger_receive(&load->ledger, client->index, line + line_size, payload, load->now);
    }
    return line_size + payload + 2;
}

static size_t take(struct load *load, struct client *client, const uint8_t *data, size_t size) {
    size_t at = 0;
    while (at < size) {
        const uint8_t *line = data + at, *end = memchr(line, '\n', size - at);
        if (!end) break;
        size_t line_size = (size_t)(end - line) + 1;
        if (*line == 'M') {
            size_t taken = take_message(load, client, line, line_size, size - at);
            if (!taken) break;
            at += taken;
            continue;
        }
        if (line_size >= 4 && !memcmp(line, "PING", 4)) {
            struct bytes out = {0};
            bytes_append(&out, "PONG\r\n", 6);
            load->pings++;
            client_send(load, client, &out);
            bytes_free(&out);
        } else if (line_size >= 4 && !memcmp(line, "PONG", 4)) {
            if (client->stage == STAGE_GREETING) client_is_live(load, client);
        } else if (line_size >= 4 && !memcmp(line, "-ERR", 4)) {
            load->refused++;
            load_problem(load, "client %u was told %.*s", client->index, (int)line_size - 2, line);
        }
        at += line_size;
    }
    return at;
}

static void say(struct load *load, struct client *client, const uint8_t *value, size_t size,
                struct bytes *out) {
    char head[64];
    int length = snprintf(head, sizeof head, "PUB %04u %zu\r\n",
                          client->index % load->ledger.rooms, size);
    bytes_append(out, head, (size_t)length);
    bytes_append(out, value, size);
    bytes_append(out, "\r\n", 2);
}

const struct dialect dialect_nats = {"nats", greet, take, say};
