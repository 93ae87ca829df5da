// uWebSockets at its best: one topic, to which each message is published by its own fan-out in C++.
// The library is the one in PyPI's socketify; it is used through its C interface, because
// socketify's Python loop polls without waiting, which would be counted as uWebSockets' work.
//
//   server LIBRARY PORT
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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
    bool (*publish)(int tls, void *app, const char *topic, size_t topic_size, const char *message,
                    size_t size, int opcode, bool compress);
} uws;

static void *app;

static void opened(void *socket, void *context) {
    (void)context;
    uws.subscribe(0, socket, "room", 4);
}

// Through the app and not through the socket, so that the sender hears it, too.
static void heard(void *socket, const char *message, size_t size, int opcode, void *context) {
    (void)socket, (void)context;
    uws.publish(0, app, "room", 4, message, size, opcode, false);
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
    void *library = count == 3 ? dlopen(arguments[1], RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "uwebsockets: %s\n", count == 3 ? dlerror() : "server LIBRARY PORT");
        return 69;
    }
    find(library, "uws_create_app", &uws.create);
    find(library, "uws_ws", &uws.route);
    find(library, "uws_app_listen_with_config", &uws.listen);
    find(library, "uws_app_run", &uws.run);
    find(library, "uws_ws_subscribe", &uws.subscribe);
    find(library, "uws_publish", &uws.publish);

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    app = uws.create(0, (struct tls_options){0});
    // It sets TCP_NODELAY by itself. Nothing is dropped for having to wait.
    struct behaviour behaviour = {
        .longest_payload = 64 * 1024, .idle_seconds = 960, .most_waiting = 64 * 1024 * 1024,
        .pings = true, .open = opened, .message = heard};
    uws.route(0, app, "/*", behaviour, NULL);
    struct listen_options options = {.port = atoi(arguments[2]), .host = "127.0.0.1"};
    uws.listen(0, app, options, listening, NULL);
    uws.run(0, app);
    return 0;
}
