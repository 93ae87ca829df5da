// The generator: opens clients, lets them send and receive in one thread, and checks every
// delivery. It is as cheap as possible for each message received, because it has to keep up with
// the server.
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "dialect.h"
#include "net.h"

enum {
    EVENTS_A_TURN = 512,
    READ_BYTES = 256 * 1024,
    // For deaf clients: small, so that the server notices them within a short run. The kernel's
    // default would take megabytes for each of them.
    DEAF_RECEIVE_BUFFER = 16 * 1024,
};

void load_problem(struct load *load, const char *format, ...) {
    if (load->problem[0]) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(load->problem, sizeof load->problem, format, arguments);
    va_end(arguments);
    load->problem[strcspn(load->problem, "\r\n")] = 0;
}

static void watch(struct load *load, struct client *client, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(load->epoll, operation, client->fd, &event);
}

static void open_client(struct load *load, struct client *client) {
    uint32_t sources = load->options.sources;
    uint8_t source = sources ? (uint8_t)(2 + client->index % sources) : 0;
    int receive_buffer = client->deaf ? DEAF_RECEIVE_BUFFER : load->options.receive_buffer;
    client->fd = connect_to(load->options.port, source, receive_buffer,
                            !load->options.in_order);
    if (client->fd < 0) {
        die(EX_UNAVAILABLE, "load: client %u cannot connect to 127.0.0.1:%u: %s", client->index,
            load->options.port, strerror(errno));
    }
    client->stage = STAGE_CONNECTING;
    client->step = 0;
    load->opening++;
    watch(load, client, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void open_more(struct load *load) {
    while (load->opened < load->client_count && load->opening < load->options.concurrency) {
        open_client(load, &load->clients[load->opened++]);
    }
}

static void close_client(struct load *load, struct client *client, const char *why) {
    if (client->fd < 0) return;
    close(client->fd);
    client->fd = -1;
    client->in.size = client->out.size = 0;
    if (client->stage == STAGE_DEAF) {
        // It comes back, as a person would who is cut off. Otherwise soon no deaf client would be
        // left.
        load->deaf_closed++;
        open_client(load, client);
        return;
    }
    if (client->stage != STAGE_LIVE) load->opening--;
    client->stage = STAGE_CLOSED;
    load->closed++;
    load_problem(load, "client %u lost its connection: %s", client->index, why);
}

void client_is_live(struct load *load, struct client *client) {
    load->opening--;
    load->live++;
    client->stage = STAGE_LIVE;
    if (client->deaf) {
        client->stage = STAGE_DEAF;
        // Only to learn that it was closed, once.
        watch(load, client, EPOLL_CTL_MOD, EPOLLRDHUP | EPOLLONESHOT);
    }
}

void client_send(struct load *load, struct client *client, struct bytes *out) {
    if (client->fd < 0) return;
    if (!client->out.size) {
        ssize_t sent = send(client->fd, out->data, out->size, MSG_NOSIGNAL);
        if (sent == (ssize_t)out->size) return;
        // An error shows when the socket is read.
        if (sent > 0) bytes_drop(out, (size_t)sent);
        watch(load, client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    bytes_append(&client->out, out->data, out->size);
}

static void send_rest(struct load *load, struct client *client) {
    if (client->stage == STAGE_CONNECTING) {
        client->stage = STAGE_GREETING;
        load->dialect->greet(load, client, &client->out);
    }
    ssize_t sent = send(client->fd, client->out.data, client->out.size, MSG_NOSIGNAL);
    if (sent > 0) bytes_drop(&client->out, (size_t)sent);
    if (!client->out.size) watch(load, client, EPOLL_CTL_MOD, EPOLLIN);
}

// Calls recv() once for each event: if there is more, epoll reports it again.
static void receive(struct load *load, struct client *client) {
    static uint8_t buffer[READ_BYTES];
    size_t kept = client->in.size;
    if (kept) memcpy(buffer, client->in.data, kept);
    ssize_t got = recv(client->fd, buffer + kept, READ_BYTES - kept, 0);
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        close_client(load, client, got ? strerror(errno) : "closed by the server");
        return;
    }
    if (load->ledger.each) load->now = clock_ns();
    size_t size = kept + (size_t)got, at = 0;
    while (at < size) {
        size_t taken = load->dialect->take(load, client, buffer + at, size - at);
        at += taken;
        if (!taken) break;
    }
    client->in.size = 0;
    if (at < size) bytes_append(&client->in, buffer + at, size - at);
    if (client->in.size == READ_BYTES) close_client(load, client, "a message without an end");
    // An idle client has no buffers of its own, or 19,000 of them would displace the generator's
    // caches.
    else if (!client->in.size && client->in.data) bytes_free(&client->in);
}

void load_turn(struct load *load, uint64_t deadline) {
    static struct epoll_event events[EVENTS_A_TURN];
    uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0;
    struct timespec wait = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
    int ready = epoll_pwait2(load->epoll, events, EVENTS_A_TURN, &wait, NULL);
    load->now = clock_ns();
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (client->fd < 0) continue;
        if (client->stage == STAGE_DEAF) {
            close_client(load, client, "");
            continue;
        }
        if (events[i].events & EPOLLOUT) send_rest(load, client);
        if (events[i].events & ~(uint32_t)EPOLLOUT) receive(load, client);
        // The dialect has refused what came.
        if (client->stage == STAGE_CLOSED) close_client(load, client, "refused");
    }
}

void load_open(struct load *load, const struct options *options) {
    *load = (struct load){.options = *options, .dialect = dialect_named(options->dialect)};
    if (!load->dialect) die(EX_USAGE, "load: no dialect '%s'", options->dialect);
    load->client_count = options->clients + options->deaf;
    uint64_t limit = raise_descriptor_limit();
    if (load->client_count + 16 > limit) {
        die(EX_USAGE, "load: %u clients are more than the %lu descriptors of a process here",
            load->client_count, (unsigned long)limit);
    }
    uint32_t ring = 1;
    while (ring < options->in_flight || (options->rate > 0 && ring < 8192)) ring *= 2;
    ledger_open(&load->ledger, options, ring);
    load->ledger.each = options->each;
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->clients = calloc(load->client_count, sizeof *load->clients);
    if (!load->clients) abort();
    // The deaf clients are spread among the others, as servers tend to serve in the order of
    // arrival.
    uint32_t stride = options->deaf ? load->client_count / options->deaf : 0, deaf = 0;
    for (uint32_t i = 0; i < load->client_count; i++) {
        bool is_deaf = stride && i >= options->senders && i % stride == stride - 1
                       && deaf < options->deaf;
        load->clients[i] = (struct client){.fd = -1, .index = i, .deaf = is_deaf};
        deaf += is_deaf;
    }
    if (deaf != options->deaf) die(EX_USAGE, "load: too many deaf clients");
}

void load_connect(struct load *load) {
    uint64_t last = clock_ns(), patience = (uint64_t)(load->options.patience * 1e9);
    uint32_t live = 0;
    while (load->live < load->client_count) {
        open_more(load);
        load_turn(load, clock_ns() + 100000000u);
        if (load->live != live) {
            live = load->live;
            last = load->now;
        }
        if (load->closed) die(EX_UNAVAILABLE, "load: %s", load->problem);
        if (load->now - last > patience) {
            die(EX_UNAVAILABLE, "load: %u of %u clients are in, and no more for %.1f s%s%s",
                load->live, load->client_count, load->options.patience,
                load->problem[0] ? ": " : "", load->problem);
        }
    }
}

int main(int count, char **arguments) {
    struct options options = options_read(count, arguments);
    if (options.mode == MODE_REDIS) return run_redis(&options);
    if (options.mode == MODE_CHURN) return run_churn(&options);
    struct load load;
    load_open(&load, &options);
    switch (options.mode) {
    case MODE_CONNECT: return run_connect(&load);
    case MODE_IDLE: return run_idle(&load);
    default: return run_fanout(&load);
    }
}
