// Pings clients that stay while many others come, as fast as they can, and vanish at once, and
// measures how that delays the pongs. The others live in a process of their own: their work does
// not delay the pings, and when it is killed they vanish as fast as a kernel can close them.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "net.h"
#include "report.h"

enum { READING, WRITING };

// How many seconds after their end the others still count as leaving. Within this time, a server
// has done all that there is to do.
static const double going_seconds = 1;

// The number of pings to each client that stays, per second.
static const double pings_a_client = 50;

struct others {
    pid_t pid;
    int begin;  // the others connect when a byte is written to it
    int in;     // delivers a byte when all are logged in; ends with them
};

static _Noreturn void be_the_others(const struct options *options, int begin, int in) {
    struct options own = *options;
    own.clients = options->newcomers;
    char word;
    if (read(begin, &word, 1) != 1) _exit(EX_OK);
    struct load load;
    load_open(&load, &own);
    load_connect(&load);
    if (write(in, "i", 1) != 1) _exit(EX_IOERR);
    // Until this process is killed, or the process that would kill it has ended.
    struct pollfd starter = {.fd = begin, .events = POLLIN};
    // Like clients behind a network that has failed: what comes is not read.
    if (options->silence > 0) poll(&starter, 1, -1);
    while (poll(&starter, 1, 0) == 0) load_turn(&load, clock_ns() + 100000000u);
    _exit(EX_OK);
}

// Must be called before anything is open that the child process would inherit.
static struct others start_others(const struct options *options) {
    int begin[2], in[2];
    if (pipe(begin) || pipe(in)) die(EX_OSERR, "load: no pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0) die(EX_OSERR, "load: no second process: %s", strerror(errno));
    if (pid == 0) {
        close(begin[WRITING]);
        close(in[READING]);
        be_the_others(options, begin[READING], in[WRITING]);
    }
    close(begin[READING]);
    close(in[WRITING]);
    return (struct others){pid, begin[WRITING], in[READING]};
}

static void ping_once(struct load *load, uint64_t end) {
    probes_send(load, clock_ns());
    load_turn(load, load->probes->due < end ? load->probes->due : end);
}

static void ping_for(struct load *load, double seconds) {
    uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
    while (clock_ns() < end && !load->closed) ping_once(load, end);
}

static void ping_until_in(struct load *load, const struct others *others) {
    struct pollfd in = {.fd = others->in, .events = POLLIN};
    while (poll(&in, 1, 0) == 0 && !load->closed) ping_once(load, UINT64_MAX);
    char word;
    if (!load->closed && read(others->in, &word, 1) != 1) {
        die(EX_UNAVAILABLE, "load: the newcomers did not get in");
    }
}

// Waits for the answers that are still missing. Returns how many never came.
static uint64_t wait_for_pongs(struct load *load) {
    uint64_t end = clock_ns() + (uint64_t)(load->options.patience * 1e9);
    const struct probes *probes = load->probes;
    while (probes->answered < probes->sent && !load->closed && clock_ns() < end) {
        load_turn(load, end);
    }
    return probes->sent - probes->answered;
}

int run_churn(const struct options *options) {
    struct others others = start_others(options);
    struct load load;
    load_open(&load, options);
    struct report report = {.mode = "churn", .unit = "clients", .count = options->newcomers};
    load_connect(&load);
    load.probes = probes_open(options->rate > 0 ? options->rate : pings_a_client * options->clients,
                              options->watched_count ? options->watched[0].pid : 0);
    ping_for(&load, options->warm_up);
    probes_enter(load.probes, PHASE_QUIET);
    ping_for(&load, options->seconds);

    read_memory(options, &report.before);
    load.probes->due = clock_ns();
    read_times(options, &report.before);
    probes_enter(load.probes, PHASE_COMING);
    if (write(others.begin, "b", 1) != 1) die(EX_OSERR, "load: no newcomers: %s", strerror(errno));
    ping_until_in(&load, &others);
    report.coming_ns = clock_ns() - report.before.at;
    probes_enter(load.probes, PHASE_GOING);
    ping_for(&load, options->silence);
    kill(others.pid, SIGKILL);
    ping_for(&load, going_seconds);
    report.lost = wait_for_pongs(&load);
    read_times(options, &report.after);
    read_memory(options, &report.after);
    waitpid(others.pid, NULL, 0);
    return report_print(options, &load, &report);
}
