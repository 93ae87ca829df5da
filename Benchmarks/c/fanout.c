// Senders send, all clients of their room receive. Closed loop: each sender has K messages on their way, and
// sends the next when all recipients have one. Open loop: messages leave at fixed times, and a
// latency counts from when a message should have left, not from when it did.
#include <stdio.h>

#include "dialect.h"
#include "report.h"

struct pace {
    bool sending;
    uint64_t period;  // of the open loop; 0 means the closed one
    uint64_t due;     // when the open loop's next message should leave
    uint32_t turn;    // the sender of that message
    // For the closed loop, which pauses when the generator is too busy: a server that gets its
    // messages slightly later does the same work for them, but a generator that cannot keep up
    // would change what is measured.
    uint64_t since, cpu_since, resume;
};

static uint64_t own_cpu(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Returns when the share of time that the generator has been busy will be below its ceiling.
static uint64_t cooled_down(const struct load *load, const struct pace *pace) {
    if (load->options.ceiling >= 1) return 0;
    return pace->since + (uint64_t)((double)(own_cpu() - pace->cpu_since) / load->options.ceiling);
}

static void say(struct load *load, uint32_t sender, uint64_t intended, struct bytes *out) {
    const uint8_t *value = ledger_send(&load->ledger, sender, intended);
    load->dialect->say(load, &load->clients[sender], value, load->ledger.value_size, out);
}

// Sends, with one send(), all messages that a sender may have on their way now.
static void keep_in_flight(struct load *load, struct pace *pace, uint64_t now) {
    static struct bytes out;
    if (now < pace->resume) return;
    bool said = false;
    uint32_t wanted = load->options.in_flight;
    for (uint32_t i = 0; i < load->ledger.sender_count; i++) {
        struct sender *sender = &load->ledger.senders[i];
        uint32_t flying = ledger_in_flight(sender);
        if (flying >= wanted || (load->options.burst && flying)) continue;
        out.size = 0;
        for (; flying < wanted && ledger_may_send(&load->ledger, i); flying++) {
            say(load, i, now, &out);
        }
        if (out.size) client_send(load, &load->clients[i], &out);
        said |= out.size > 0;
    }
    if (said) pace->resume = cooled_down(load, pace);
}

static void keep_time(struct load *load, struct pace *pace, uint64_t now) {
    static struct bytes out;
    // If no more may be on their way, the message waits, and its latency grows from when it was
    // due.
    while (pace->due <= now && ledger_may_send(&load->ledger, pace->turn)) {
        out.size = 0;
        say(load, pace->turn, pace->due, &out);
        client_send(load, &load->clients[pace->turn], &out);
        pace->due += pace->period;
        pace->turn = (pace->turn + 1) % load->ledger.sender_count;
    }
}

static void run_until(struct load *load, struct pace *pace, uint64_t end) {
    pace->since = clock_ns();
    pace->cpu_since = own_cpu();
    pace->resume = 0;
    for (uint64_t now; (now = clock_ns()) < end && !load->closed;) {
        uint64_t wake = end;
        if (pace->period) {
            keep_time(load, pace, now);
            if (pace->due < wake) wake = pace->due;
        } else {
            keep_in_flight(load, pace, now);
            if (pace->resume > now && pace->resume < wake) wake = pace->resume;
        }
        load_turn(load, wake);
    }
}

// Returns how many messages wait for their ack.
static uint64_t unacknowledged(const struct load *load) {
    if (!load->options.acks) return 0;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < load->ledger.sender_count; i++) sent += load->ledger.senders[i].sent;
    return sent > load->acks ? sent - load->acks : 0;
}

// Waits until everything has arrived, or nothing more comes. Returns the number of missing
// deliveries and acks.
static uint64_t drain(struct load *load) {
    uint64_t patience = (uint64_t)(load->options.patience * 1e9), last = clock_ns(), lacking;
    uint64_t seen = load->ledger.deliveries + load->acks;
    while ((lacking = ledger_lacking(&load->ledger) + unacknowledged(load)) && !load->closed) {
        load_turn(load, clock_ns() + 10000000u);
        if (load->ledger.deliveries + load->acks != seen) {
            seen = load->ledger.deliveries + load->acks;
            last = load->now;
        }
        if (load->now - last > patience) break;
    }
    return lacking;
}

// Reads on, because a message that comes twice at the very end comes after all have arrived.
static void listen_on_for(struct load *load, uint64_t time) {
    uint64_t end = clock_ns() + time;
    while (clock_ns() < end) load_turn(load, end);
}

int run_fanout(struct load *load) {
    const struct options *options = &load->options;
    struct report report = {.mode = "fanout", .unit = "deliveries"};
    load_connect(load);
    struct pace pace = {.period = options->rate > 0 ? (uint64_t)(1e9 / options->rate) : 0};
    pace.due = clock_ns();
    run_until(load, &pace, clock_ns() + (uint64_t)(options->warm_up * 1e9));
    report.lost = drain(load);

    // No message is on its way at either end of the window, so its work and its deliveries belong
    // together.
    ledger_forget_times(&load->ledger);
    uint64_t before = load->ledger.deliveries;
    read_memory(options, &report.before);
    read_times(options, &report.before);
    pace.due = report.before.at + pace.period;
    run_until(load, &pace, report.before.at + (uint64_t)(options->seconds * 1e9));
    report.lost = drain(load);
    read_times(options, &report.after);
    read_memory(options, &report.after);
    report.count = load->ledger.deliveries - before;
    listen_on_for(load, 20000000u);
    return report_print(options, load, &report);
}
