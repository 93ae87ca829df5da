// The floor: the least that a server on one epoll loop must do to pass on what one client sends to
// all of them. It has no rules, names or limits, so no server that sends through TCP can be
// cheaper: what another server costs more is the cost of its features and its runtime.
//
// Messages that are read in one turn of epoll are framed once, collected, and sent to every
// connection with one send(). With --rooms a connection's first message is the room it joins, which is
// repeated to it, and each later one begins with the room it is for (dialect_raw.c).
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
    // A room is four digits. Without --rooms all connections are in the first one.
    ROOM_BYTES = 4,
    MOST_ROOMS = 10000,
};

struct connection {
    int fd;
    size_t place;  // in `connections`
    struct room *room;  // NULL: in none yet
    size_t place_in_room;
    bool upgraded, dead, victim;
    struct bytes in;   // the beginning of an incomplete unit
    struct bytes out;  // what send() did not take
};

struct list {
    struct connection **items;
    size_t count, capacity;
};

struct room {
    struct list members;
    struct bytes turn;  // the frames of this turn
};

static struct {
    int epoll;
    struct list connections;
    size_t accepted;
    bool has_rooms;
    struct room rooms[MOST_ROOMS];
    struct room *fresh[MOST_ROOMS];  // those with frames of this turn
    size_t fresh_count;
    enum fault fault;
} server;

static size_t list_add(struct list *list, struct connection *connection) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        if (!list->items) abort();
    }
    list->items[list->count] = connection;
    return list->count++;
}

// Puts the last item in the place of another, and returns it.
static struct connection *list_remove(struct list *list, size_t place) {
    return list->items[place] = list->items[--list->count];
}

static void join(struct connection *connection, struct room *room) {
    connection->room = room;
    connection->place_in_room = list_add(&room->members, connection);
}

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
        connection->place = list_add(&server.connections, connection);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void forget(struct connection *connection) {
    size_t place = connection->place;
    list_remove(&server.connections, place)->place = place;
    if (connection->room) {
        place = connection->place_in_room;
        list_remove(&connection->room->members, place)->place_in_room = place;
    }
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
    if (!server.has_rooms) join(connection, &server.rooms[0]);
    return (size_t)(end - data) + 4;
}

static void answer(struct connection *connection, uint8_t opcode, const uint8_t *payload,
                           size_t size) {
    struct bytes frame = {0};
    ws_server_header(&frame, opcode, size);
    bytes_append(&frame, payload, size);
    deliver(connection, frame.data, frame.size);
    bytes_free(&frame);
}

// Returns the room in the first bytes of a message; NULL: there is none.
static struct room *room_named(const uint8_t *payload, size_t size) {
    size_t number = 0;
    if (size < ROOM_BYTES) return NULL;
    for (size_t i = 0; i < ROOM_BYTES; i++) {
        if (payload[i] < '0' || payload[i] > '9') return NULL;
        number = number * 10 + (size_t)(payload[i] - '0');
    }
    return &server.rooms[number];
}

static void take_message(struct connection *connection, uint8_t opcode, const uint8_t *payload,
                         size_t size) {
    struct room *room = &server.rooms[0];
    if (server.has_rooms) {
        room = room_named(payload, size);
        if (!room) {
            connection->dead = true;
            return;
        }
        if (!connection->room) {
            join(connection, room);
            answer(connection, opcode, payload, size);
            return;
        }
    }
    if (!room->turn.size) server.fresh[server.fresh_count++] = room;
    ws_server_header(&room->turn, opcode, size);
    bytes_append(&room->turn, payload, size);
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
        take_message(connection, header.opcode, payload, header.payload_size);
        break;
    case WS_PING:
        answer(connection, WS_PONG, payload, header.payload_size);
        break;
    case WS_CLOSE:
        answer(connection, WS_CLOSE, payload, header.payload_size);
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

static void send_to(struct room *room) {
    for (size_t i = 0; i < room->members.count; i++) {
        struct connection *connection = room->members.items[i];
        if (connection->victim && server.fault != FAULT_NONE) {
            struct bytes spoiled = {0};
            fault_spoil(server.fault, &room->turn, &spoiled);
            if (spoiled.size) deliver(connection, spoiled.data, spoiled.size);
            bytes_free(&spoiled);
        } else {
            deliver(connection, room->turn.data, room->turn.size);
        }
    }
    room->turn.size = 0;
}

static void send_turn(void) {
    for (size_t i = 0; i < server.fresh_count; i++) send_to(server.fresh[i]);
    server.fresh_count = 0;
}

static void bury(void) {
    for (size_t i = server.connections.count; i-- > 0;) {
        if (server.connections.items[i]->dead) forget(server.connections.items[i]);
    }
}

int main(int count, char **arguments) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"fault", required_argument, NULL, 'f'},
        {"rooms", no_argument, NULL, 'r'}, {0}};
    uint16_t port = 0;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        if (option == 'p') {
            port = (uint16_t)atoi(optarg);
        } else if (option == 'r') {
            server.has_rooms = true;
        } else if (option != 'f' || !fault_named(optarg, &server.fault)) {
            die(EX_USAGE, "floor [--port N] [--rooms] [--fault none|drop|double|swap|corrupt]");
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
        bool sent = server.fresh_count > 0;
        send_turn();
        if (ill || sent) bury();
        if (fresh) accept_all(listener);
    }
}
