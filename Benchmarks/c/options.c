#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "net.h"
#include "stamp.h"

static const char usage[] =
    "load MODE --port N [options]      prints one line of JSON\n"
    "\n"
    "  fanout     what senders say is received by all clients\n"
    "  connect    clients connect, upgrade and log in, then leave\n"
    "  idle       clients log in and stay, answering pings\n"
    "  churn      clients that stay are pinged while others come and vanish at once\n"
    "  redis      PUBLISH on a Redis, pipelined (--in-flight), to nobody\n"
    "\n"
    "  --port N           the server's port on 127.0.0.1\n"
    "  --dialect D        raw (WebSocket, what is sent is what all get), raw-rooms,\n"
    "                     chatnode, chatnode-v1, nats                                     [raw]\n"
    "  --path P           of the WebSocket request                                        [/]\n"
    "  --pid NAME=PID     a process whose processor time and memory are counted; repeat\n"
    "  --clients N        connections, all of them recipients                          [1000]\n"
    "  --newcomers N      of churn: so many others come and vanish                    [10000]\n"
    "  --silence S        of churn: for so long they say nothing, pongs included, before that [0]\n"
    "  --senders N        so many of them send                                            [1]\n"
    "  --in-flight K      messages that each sender has on their way                      [1]\n"
    "  --rooms N          client i is in room i modulo N, with raw-rooms, chatnode-v1, nats [0: one]\n"
    "  --mute             senders hear nothing, with chatnode-v1\n"
    "  --acks             each message is acknowledged, with chatnode-v1\n"
    "  --burst            the next K are sent when the last of K is through, not one by one\n"
    "  --rate R           messages a second in all, sent at fixed times, in place of K\n"
    "                     of churn: pings a second in all                    [50 a client]\n"
    "  --value-bytes B    of the value that is checked at the recipients                 [64]\n"
    "  --ceiling U        a closed loop holds back when the generator is busier; 1: no [0.85]\n"
    "  --deaf N           so many more clients, which never read and come back when closed [0]\n"
    "  --each             latency of each delivery, not only to the last recipient\n"
    "  --in-order         clients close in good order, not with a reset: mind TIME_WAIT\n"
    "  --seconds S        measured                                                        [1]\n"
    "  --warm-up S        before that                                                   [0.3]\n"
    "  --patience S       without a delivery, then what is missing is lost                [5]\n"
    "  --concurrency C    connections being opened at one time                           [64]\n"
    "  --sources N        connect from so many addresses, 127.0.0.2 and on\n"
    "  --rcvbuf B         SO_RCVBUF of the clients                      [the system's default]\n"
    "\n"
    "Exit codes: 0 all well · 1 wrong deliveries or a lost connection · 3 void, because the\n"
    "generator itself was busy for over 90 % of the time · 64 usage · 69 no server.\n";

static _Noreturn void bad(const char *option, const char *value) {
    die(EX_USAGE, "load: --%s cannot be '%s'\n\n%s", option, value, usage);
}

static double number(const char *option, const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || value < least || value > most) bad(option, text);
    return value;
}

static void watch(struct options *options, const char *text) {
    const char *equals = strchr(text, '=');
    if (!equals || options->watched_count == MOST_PROCESSES) bad("pid", text);
    struct watched *watched = &options->watched[options->watched_count++];
    snprintf(watched->name, sizeof watched->name, "%.*s", (int)(equals - text), text);
    watched->pid = (pid_t)number("pid", equals + 1, 1, 1 << 30);
}

static enum mode mode_named(const char *name) {
    static const char *names[] = {"fanout", "connect", "idle", "churn", "redis"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (name && strcmp(name, names[i]) == 0) return (enum mode)i;
    }
    die(EX_USAGE, "load: no mode '%s'\n\n%s", name ? name : "", usage);
}

struct options options_read(int count, char **arguments) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"dialect", 1, 0, 'd'}, {"path", 1, 0, 'P'}, {"pid", 1, 0, 'i'},
        {"clients", 1, 0, 'c'}, {"newcomers", 1, 0, 'n'}, {"silence", 1, 0, 'x'}, {"senders", 1, 0, 's'},
        {"in-flight", 1, 0, 'k'}, {"rooms", 1, 0, 'm'}, {"mute", 0, 0, 'M'}, {"acks", 0, 0, 'a'}, {"burst", 0, 0, 'b'}, {"ceiling", 1, 0, 'l'}, {"rate", 1, 0, 'r'},
        {"value-bytes", 1, 0, 'v'}, {"deaf", 1, 0, 'D'}, {"each", 0, 0, 'e'}, {"in-order", 0, 0, 'O'},
        {"seconds", 1, 0, 'S'}, {"warm-up", 1, 0, 'w'},
        {"patience", 1, 0, 't'}, {"concurrency", 1, 0, 'C'}, {"sources", 1, 0, 'o'},
        {"rcvbuf", 1, 0, 'R'}, {"help", 0, 0, 'h'}, {0}};
    struct options options = {
        .dialect = "raw", .path = "/", .clients = 1000, .newcomers = 10000, .senders = 1,
        .in_flight = 1, .value_bytes = 64, .ceiling = 0.85, .seconds = 1, .warm_up = 0.3, .patience = 5,
        .concurrency = 64};
    for (int c, at; (c = getopt_long(count, arguments, "", names, &at)) != -1;) {
        const char *name = names[at].name;
        switch (c) {
        case 'p': options.port = (uint16_t)number(name, optarg, 1, 65535); break;
        case 'd': options.dialect = optarg; break;
        case 'P': options.path = optarg; break;
        case 'i': watch(&options, optarg); break;
        case 'c': options.clients = (uint32_t)number(name, optarg, 1, 1e6); break;
        case 'n': options.newcomers = (uint32_t)number(name, optarg, 1, 1e6); break;
        case 'x': options.silence = number(name, optarg, 0, 1e6); break;
        case 's': options.senders = (uint32_t)number(name, optarg, 1, STAMP_SENDERS); break;
        case 'k': options.in_flight = (uint32_t)number(name, optarg, 1, 65536); break;
        case 'm': options.rooms = (uint32_t)number(name, optarg, 0, MOST_ROOMS); break;
        case 'M': options.mute = true; break;
        case 'a': options.acks = true; break;
        case 'b': options.burst = true; break;
        case 'l': options.ceiling = number(name, optarg, 0.1, 1); break;
        case 'r': options.rate = number(name, optarg, 0.001, 1e7); break;
        case 'v': options.value_bytes = (uint32_t)number(name, optarg, 16, 1e6); break;
        case 'D': options.deaf = (uint32_t)number(name, optarg, 0, 1e6); break;
        case 'e': options.each = true; break;
        case 'O': options.in_order = true; break;
        case 'S': options.seconds = number(name, optarg, 0.01, 1e6); break;
        case 'w': options.warm_up = number(name, optarg, 0, 1e6); break;
        case 't': options.patience = number(name, optarg, 0.1, 1e6); break;
        case 'C': options.concurrency = (uint32_t)number(name, optarg, 1, 1e6); break;
        case 'o': options.sources = (uint32_t)number(name, optarg, 0, 200); break;
        case 'R': options.receive_buffer = (int)number(name, optarg, 1, 1e9); break;
        case 'h': fputs(usage, stdout); exit(EX_OK);
        default: die(EX_USAGE, "\n%s", usage);
        }
    }
    options.mode = mode_named(arguments[optind]);
    if (!options.port) die(EX_USAGE, "load: --port is missing\n\n%s", usage);
    if (options.senders > options.clients) bad("senders", "more than --clients");
    uint32_t rooms = options.rooms ? options.rooms : 1;
    uint32_t hearing = options.clients - (options.mute ? options.senders : 0);
    if (rooms > hearing) bad("rooms", "more than there are recipients");
    if (rooms > 1 && options.deaf) bad("deaf", "with --rooms");
    bool is_v1 = strcmp(options.dialect, "chatnode-v1") == 0;
    if ((options.mute || options.acks) && !is_v1) bad("dialect", options.dialect);
    return options;
}
