// Bare PUBLISH on a Redis to a channel without subscribers, with K commands on their way: the most
// that Redis could take.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "net.h"
#include "report.h"

static void append_publish(struct bytes *out, size_t size) {
    char head[80];
    int length = snprintf(head, sizeof head,
                          "*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$%zu\r\n", size);
    bytes_append(out, head, (size_t)length);
    memset(bytes_reserve(out, size), 'x', size);
    out->size += size;
    bytes_append(out, "\r\n", 2);
}

static void wait_for(int fd, short events) {
    struct pollfd poller = {.fd = fd, .events = events};
    poll(&poller, 1, 1000);
}

static void send_all(int fd, const uint8_t *data, size_t size) {
    for (size_t at = 0; at < size;) {
        ssize_t sent = send(fd, data + at, size - at, MSG_NOSIGNAL);
        if (sent >= 0) at += (size_t)sent;
        else if (errno == EAGAIN) wait_for(fd, POLLOUT);
        else die(EX_UNAVAILABLE, "load: cannot send to Redis: %s", strerror(errno));
    }
}

// Counts the answers, each of which is a line.
static uint64_t receive_some(int fd) {
    static char buffer[64 * 1024];
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) {
        wait_for(fd, POLLIN);
        return 0;
    }
    if (got <= 0) die(EX_UNAVAILABLE, "load: Redis closed the connection");
    if (buffer[0] == '-') die(EX_UNAVAILABLE, "load: Redis said %.*s", (int)got, buffer);
    uint64_t lines = 0;
    for (ssize_t i = 0; i < got; i++) lines += buffer[i] == '\n';
    return lines;
}

int run_redis(const struct options *options) {
    struct report report = {.mode = "redis", .unit = "messages"};
    int fd = connect_to(options->port, 0, 0, true);
    if (fd < 0) die(EX_UNAVAILABLE, "load: no Redis on port %u", options->port);
    wait_for(fd, POLLOUT);
    // The same command again and again: as many as may be on their way, so that any part can be
    // sent.
    struct bytes commands = {0};
    append_publish(&commands, options->value_bytes);
    size_t one = commands.size;
    for (uint32_t i = 1; i < options->in_flight; i++) {
        append_publish(&commands, options->value_bytes);
    }

    read_memory(options, &report.before);
    read_times(options, &report.before);
    uint64_t end = report.before.at + (uint64_t)(options->seconds * 1e9), sent = 0, answered = 0;
    while (answered < sent || clock_ns() < end) {
        uint64_t free_places = options->in_flight - (sent - answered);
        if (free_places && clock_ns() < end) {
            send_all(fd, commands.data, one * free_places);
            sent += free_places;
        }
        answered += receive_some(fd);
    }
    read_times(options, &report.after);
    read_memory(options, &report.after);
    report.count = answered;
    return report_print(options, NULL, &report);
}
