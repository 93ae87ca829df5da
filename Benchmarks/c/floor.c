// The floor: the least that a server on one epoll loop must do to pass on what one client sends to
// all of them. It has no rules, names or limits, so no server that sends through TCP can be
// cheaper: what another server costs more is the cost of its features and its runtime.
//
// Messages that are read in one turn of epoll are framed once, collected, and sent to every
// connection with one send().
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "bytes.h"
#include "fault.h"
#include "net.h"
#include "sha1.h"
#include "ws.h"

enum {
    EVENTS_A_TURN = 1024,
    READ_BYTES = 256 * 1024,
    // A connection that is further behind is closed. Far more than any fair client needs.
    LONGEST_REST = 16 * 1024 * 1024,
    // The connection that gets the faults.
    VICTIM = 2,
};

struct connection {
    int fd;
    size_t place;  // in `connections`
    bool upgraded, dead, victim;
    struct bytes in;   // the beginning of an incomplete unit
    struct bytes out;  // what send() did not take
};

static struct {
    int epoll;
    struct connection **connections;
    size_t count, capacity, accepted;
    struct bytes turn;  // the frames of this turn
    enum fault fault;
} server;

static void watch(struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(server.epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

// Sends, or keeps what the socket does not take. While something is kept, everything waits, to keep
// its order.
static void deliver(struct connection *connection, const uint8_t *data, size_t size) {
    if (connection->dead) return;
    size_t sent = 0;
    if (!connection->out.size) {
        ssize_t result = send(connection->fd, data, size, MSG_NOSIGNAL);
        if (result >= 0) {
            sent = (size_t)result;
            if (sent == size) return;
        } else if (errno != EAGAIN && errno != EINTR) {
            connection->dead = true;
            return;
        }
        watch(connection, EPOLLIN | EPOLLOUT);
    }
    bytes_append(&connection->out, data + sent, size - sent);
    if (connection->out.size > LONGEST_REST) connection->dead = true;
}

static void send_rest(struct connection *connection) {
    ssize_t sent = send(connection->fd, connection->out.data, connection->out.size, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) connection->dead = true;
        return;
    }
    bytes_drop(&connection->out, (size_t)sent);
    if (!connection->out.size) watch(connection, EPOLLIN);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection) abort();
        no_delay(fd);
        connection->fd = fd;
        connection->victim = server.accepted++ == VICTIM;
        if (server.count == server.capacity) {
            server.capacity = server.capacity ? server.capacity * 2 : 1024;
            server.connections =
                realloc(server.connections, server.capacity * sizeof *server.connections);
            if (!server.connections) abort();
        }
        connection->place = server.count;
        server.connections[server.count++] = connection;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void forget(struct connection *connection) {
    struct connection *last = server.connections[--server.count];
    server.connections[connection->place] = last;
    last->place = connection->place;
    close(connection->fd);
    bytes_free(&connection->in);
    bytes_free(&connection->out);
    free(connection);
}

// Returns how many bytes the request was, or 0 while it is incomplete.
static size_t upgrade(struct connection *connection, const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    static const char field[] = "\r\nSec-WebSocket-Key:";
    const char *key = NULL;
    for (const uint8_t *at = data; at + sizeof field - 1 <= end; at++) {
        if (*at == '\r' && !strncasecmp((const char *)at, field, sizeof field - 1)) {
            key = (const char *)at + sizeof field - 1;
        }
    }
    if (!key) {
        connection->dead = true;
        return size;
    }
    while (*key == ' ') key++;
    char accept[29], answer[160];
    websocket_accept(key, strcspn(key, " \r"), accept);
    int length = snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    deliver(connection, (const uint8_t *)answer, (size_t)length);
    connection->upgraded = true;
    return (size_t)(end - data) + 4;
}

static void answer_control(struct connection *connection, uint8_t opcode, const uint8_t *payload,
                           size_t size) {
    struct bytes frame = {0};
    ws_server_header(&frame, opcode, size);
    bytes_append(&frame, payload, size);
    deliver(connection, frame.data, frame.size);
    bytes_free(&frame);
}

// Returns how many bytes the frame was, or 0 while it is incomplete.
static size_t take_frame(struct connection *connection, uint8_t *data, size_t size) {
    struct ws_header header;
    if (!ws_read_header(data, size, &header)) return 0;
    if (size - header.header_size < header.payload_size) return 0;
    uint8_t *payload = data + header.header_size;
    if (!header.masked || !header.last) {
        connection->dead = true;
        return size;
    }
    ws_mask(payload, header.payload_size, header.mask);
    switch (header.opcode) {
    case WS_TEXT:
    case WS_BINARY:
        ws_server_header(&server.turn, header.opcode, header.payload_size);
        bytes_append(&server.turn, payload, header.payload_size);
        break;
    case WS_PING:
        answer_control(connection, WS_PONG, payload, header.payload_size);
        break;
    case WS_CLOSE:
        answer_control(connection, WS_CLOSE, payload, header.payload_size);
        connection->dead = true;
        break;
    }
    return header.header_size + header.payload_size;
}

static void receive(struct connection *connection) {
    static uint8_t buffer[READ_BYTES];
    size_t kept = connection->in.size;
    if (kept >= READ_BYTES) {
        connection->dead = true;
        return;
    }
    if (kept) memcpy(buffer, connection->in.data, kept);
    ssize_t got = recv(connection->fd, buffer + kept, READ_BYTES - kept, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) connection->dead = true;
        return;
    }
    size_t size = kept + (size_t)got, at = 0, taken;
    do {
        taken = connection->upgraded ? take_frame(connection, buffer + at, size - at)
                                     : upgrade(connection, buffer + at, size - at);
        at += taken;
    } while (taken && at < size && !connection->dead);
    connection->in.size = 0;
    bytes_append(&connection->in, buffer + at, size - at);
    // Most connections never have an incomplete unit left over, and then keep no memory for one.
    if (at == size && connection->in.data) bytes_free(&connection->in);
}

static void send_turn(void) {
    if (!server.turn.size) return;
    for (size_t i = 0; i < server.count; i++) {
        struct connection *connection = server.connections[i];
        if (!connection->upgraded) continue;
        if (connection->victim && server.fault != FAULT_NONE) {
            struct bytes spoiled = {0};
            fault_spoil(server.fault, &server.turn, &spoiled);
            if (spoiled.size) deliver(connection, spoiled.data, spoiled.size);
            bytes_free(&spoiled);
        } else {
            deliver(connection, server.turn.data, server.turn.size);
        }
    }
    server.turn.size = 0;
}

static void bury(void) {
    for (size_t i = server.count; i-- > 0;) {
        if (server.connections[i]->dead) forget(server.connections[i]);
    }
}

int main(int count, char **arguments) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"fault", required_argument, NULL, 'f'}, {0}};
    uint16_t port = 0;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        if (option == 'p') {
            port = (uint16_t)atoi(optarg);
        } else if (option != 'f' || !fault_named(optarg, &server.fault)) {
            die(EX_USAGE, "floor [--port N] [--fault none|drop|double|swap|corrupt]");
        }
    }
    raise_descriptor_limit();
    int listener = listen_on(&port);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(server.epoll, EPOLL_CTL_ADD, listener, &event);
    printf("floor on 127.0.0.1:%u\n", port);
    fflush(stdout);

    static struct epoll_event events[EVENTS_A_TURN];
    for (;;) {
        int ready = epoll_wait(server.epoll, events, EVENTS_A_TURN, -1);
        bool fresh = false, ill = false;
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection) {
                fresh = true;
                continue;
            }
            if (events[i].events & EPOLLOUT) send_rest(connection);
            if (events[i].events & ~(uint32_t)EPOLLOUT) receive(connection);
            ill |= connection->dead;
        }
        bool sent = server.turn.size > 0;
        send_turn();
        if (ill || sent) bury();
        if (fresh) accept_all(listener);
    }
}
