// Silent clients: what it costs to accept them, and to have them.
#include "report.h"

int run_connect(struct load *load) {
    struct report report = {.mode = "connect", .unit = "clients", .count = load->client_count};
    read_memory(&load->options, &report.before);
    read_times(&load->options, &report.before);
    load_connect(load);
    read_times(&load->options, &report.after);
    read_memory(&load->options, &report.after);
    return report_print(&load->options, load, &report);
}

static void stay_for(struct load *load, double seconds) {
    uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
    while (clock_ns() < end) load_turn(load, end);
}

// Measures memory from before the first client to the end, and processor time of the quiet time
// alone.
int run_idle(struct load *load) {
    struct report report = {.mode = "idle", .unit = "clients", .count = load->client_count};
    read_memory(&load->options, &report.before);
    load_connect(load);
    stay_for(load, load->options.warm_up);
    read_times(&load->options, &report.before);
    stay_for(load, load->options.seconds);
    read_times(&load->options, &report.after);
    read_memory(&load->options, &report.after);
    return report_print(&load->options, load, &report);
}
