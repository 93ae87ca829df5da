// uWebSockets at its best: each message is published by its own fan-out in C++, to one topic, or with "rooms"
// to that of its room.
// The library is the one in PyPI's socketify; it is used through its C interface, because
// socketify's Python loop polls without waiting, which would be counted as uWebSockets' work.
//
//   server LIBRARY PORT [deferred] [rooms]
//
// "deferred" publishes after the message handlers of a turn and not in them, as its documentation
// does. Its one corking buffer belongs to the socket that is being read, so in a handler it sends
// every message by itself once 32 wait; after the handlers, 32 leave with one send().
//
// "rooms" takes the first four bytes of each message for its room. A message of four bytes asks to be in it,
// and is repeated to its sender alone.
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

// The parts of the library's binary interface that are needed, as in libsocketify 0.0.31.
struct tls_options {
    const char *key, *certificate, *passphrase, *parameters, *authorities, *ciphers;
    int low_memory;
};

struct listen_options {
    int port;
    const char *host;
    int options;
};

typedef void (*on_socket)(void *socket, void *context);
typedef void (*on_message)(void *socket, const char *message, size_t size, int opcode,
                           void *context);
typedef void (*on_listen)(void *listener, struct listen_options options, void *context);

struct behaviour {
    int compression;
    unsigned longest_payload;
    unsigned short idle_seconds;
    unsigned most_waiting;
    bool close_when_most, reset_idle_on_send, pings;
    unsigned short longest_life;
    void *upgrade;
    on_socket open;
    on_message message;
    void *drain, *ping, *pong, *close, *subscription;
};

static struct {
    void *(*create)(int tls, struct tls_options options);
    void (*route)(int tls, void *app, const char *pattern, struct behaviour, void *context);
    void (*listen)(int tls, void *app, struct listen_options, on_listen, void *context);
    void (*run)(int tls, void *app);
    bool (*subscribe)(int tls, void *socket, const char *topic, size_t size);
    unsigned (*send)(int tls, void *socket, const char *message, size_t size, int opcode);
    bool (*publish)(int tls, void *app, const char *topic, size_t topic_size, const char *message,
                    size_t size, int opcode, bool compress);
    void *(*loop)(void);
    void (*defer)(void *loop, void (*function)(void *), void *context);
} uws;

static void *app;
static bool deferred, rooms;

enum { ROOM_BYTES = 4 };

// The messages of this turn. If they do not fit, they are published at once.
static struct {
    char bytes[512 * 1024];
    size_t size, ends[64 * 1024];
    int opcodes[64 * 1024];
    unsigned count;
} turn;

static void opened(void *socket, void *context) {
    (void)context;
    if (!rooms) uws.subscribe(0, socket, "room", ROOM_BYTES);
}

static void publish(const char *message, size_t size, int opcode) {
    uws.publish(0, app, rooms ? message : "room", ROOM_BYTES, message, size, opcode, false);
}

static void publish_turn(void *context) {
    (void)context;
    size_t start = 0;
    for (unsigned i = 0; i < turn.count; start = turn.ends[i++]) {
        publish(turn.bytes + start, turn.ends[i] - start, turn.opcodes[i]);
    }
    turn.count = 0;
    turn.size = 0;
}

// Published through the app and not through the socket, so that the sender receives it too.
static void heard(void *socket, const char *message, size_t size, int opcode, void *context) {
    (void)context;
    if (rooms && size <= ROOM_BYTES) {
        if (size == ROOM_BYTES) uws.subscribe(0, socket, message, ROOM_BYTES);
        uws.send(0, socket, message, size, opcode);
        return;
    }
    if (!deferred) {
        publish(message, size, opcode);
        return;
    }
    bool full = turn.count == sizeof turn.ends / sizeof *turn.ends;
    if (full || size > sizeof turn.bytes - turn.size) publish_turn(NULL);
    if (!turn.count) uws.defer(uws.loop(), publish_turn, NULL);
    memcpy(turn.bytes + turn.size, message, size);
    turn.size += size;
    turn.ends[turn.count] = turn.size;
    turn.opcodes[turn.count++] = opcode;
}

static void listening(void *listener, struct listen_options options, void *context) {
    (void)context;
    if (!listener) {
        fprintf(stderr, "uwebsockets: cannot listen on port %d\n", options.port);
        exit(69);
    }
}

static void find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "uwebsockets: the library has no %s\n", name);
        exit(69);
    }
    // dlsym gives an object's pointer; POSIX promises that it can be a function's.
    *(void **)function = found;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "uwebsockets: server LIBRARY PORT [deferred] [rooms]\n");
        return 64;
    }
    for (int i = 3; i < count; i++) {
        deferred |= strcmp(arguments[i], "deferred") == 0;
        rooms |= strcmp(arguments[i], "rooms") == 0;
    }
    void *library = dlopen(arguments[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "uwebsockets: %s\n", dlerror());
        return 69;
    }
    find(library, "uws_create_app", &uws.create);
    find(library, "uws_ws", &uws.route);
    find(library, "uws_app_listen_with_config", &uws.listen);
    find(library, "uws_app_run", &uws.run);
    find(library, "uws_ws_subscribe", &uws.subscribe);
    find(library, "uws_ws_send", &uws.send);
    find(library, "uws_publish", &uws.publish);
    find(library, "uws_get_loop", &uws.loop);
    find(library, "uws_loop_defer", &uws.defer);

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    app = uws.create(0, (struct tls_options){0});
    // The library sets TCP_NODELAY by itself. No message is dropped for having to wait.
    struct behaviour behaviour = {
        .longest_payload = 64 * 1024, .idle_seconds = 960, .most_waiting = 64 * 1024 * 1024,
        .pings = true, .open = opened, .message = heard};
    uws.route(0, app, "/*", behaviour, NULL);
    struct listen_options options = {.port = atoi(arguments[2]), .host = "127.0.0.1"};
    uws.listen(0, app, options, listening, NULL);
    uws.run(0, app);
    return 0;
}
