#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_WRONG = 1, EXIT_TOO_BUSY = 3 };
static const double busiest = 0.9;

void read_times(const struct options *options, struct reading *reading) {
    for (unsigned i = 0; i < options->watched_count; i++) {
        reading->cpu[i] = process_cpu(options->watched[i].pid);
    }
    reading->own = process_cpu(getpid());
    // For a thread that runs at this moment, as this one does, schedstat lags by up to a tick.
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    reading->own.used = (uint64_t)own.tv_sec * 1000000000u + (uint64_t)own.tv_nsec;
    reading->at = clock_ns();
}

void read_memory(const struct options *options, struct reading *reading) {
    for (unsigned i = 0; i < options->watched_count; i++) {
        reading->memory[i] = process_memory(options->watched[i].pid);
    }
}

static void print_string(const char *text) {
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') putchar('\\');
        putchar(c < 32 ? ' ' : c);
    }
    putchar('"');
}

static void print_memory(const char *name, const struct memory *memory) {
    printf(",\"%s_kib\":{\"rss\":%ld,\"pss\":%ld,\"private\":%ld}", name, memory->rss, memory->pss,
           memory->private_);
}

static void print_server(const struct options *options, const struct report *report, unsigned i) {
    double cpu = (double)(report->after.cpu[i].used - report->before.cpu[i].used);
    double waited = (double)(report->after.cpu[i].waited - report->before.cpu[i].waited);
    printf("%s\"%s\":{\"pid\":%d,\"cpu_s\":%.6f,\"waited_s\":%.6f,\"cpu_us_each\":%.4f",
           i ? "," : "", options->watched[i].name, options->watched[i].pid, cpu / 1e9,
           waited / 1e9, report->count ? cpu / 1e3 / (double)report->count : 0);
    print_memory("before", &report->before.memory[i]);
    print_memory("after", &report->after.memory[i]);
    putchar('}');
}

static void print_latency(const char *name, const struct histogram *times) {
    printf(",\"%s\":{\"count\":%" PRIu64 ",\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f}",
           name, times->total, (double)histogram_percentile(times, 0.5) / 1e3,
           (double)histogram_percentile(times, 0.9) / 1e3,
           (double)histogram_percentile(times, 0.99) / 1e3, (double)times->longest / 1e3);
}

static void print_phase(const char *name, const struct histogram *times,
                        const struct histogram *work) {
    char key[40];
    snprintf(key, sizeof key, "%s_us", name);
    print_latency(key, times);
    snprintf(key, sizeof key, "%s_work_us", name);
    print_latency(key, work);
}

static void print_probes(struct probes *probes, const struct report *report) {
    struct histogram *times = probes->times, *work = probes->work;
    printf(",\"coming_s\":%.6f", (double)report->coming_ns / 1e9);
    print_phase("quiet", &times[PHASE_QUIET], &work[PHASE_QUIET]);
    print_phase("coming", &times[PHASE_COMING], &work[PHASE_COMING]);
    print_phase("going", &times[PHASE_GOING], &work[PHASE_GOING]);
    histogram_merge(&times[PHASE_GOING], &times[PHASE_COMING]);
    histogram_merge(&work[PHASE_GOING], &work[PHASE_COMING]);
    print_phase("churn", &times[PHASE_GOING], &work[PHASE_GOING]);
}

static void print_clients(const struct load *load, const struct report *report) {
    const struct ledger *ledger = &load->ledger;
    printf(",\"dialect\":\"%s\",\"clients\":%u,\"deaf\":%u,\"senders\":%u,\"value_bytes\":%u",
           load->options.dialect, load->options.clients, load->options.deaf, load->options.senders,
           load->options.value_bytes);
    printf(",\"rooms\":%u", load->options.rooms);
    if (load->options.rate > 0) printf(",\"rate\":%g", load->options.rate);
    else printf(",\"in_flight\":%u", load->options.in_flight);
    printf(",\"lost\":%" PRIu64 ",\"doubled\":%" PRIu64 ",\"reordered\":%" PRIu64
           ",\"corrupted\":%" PRIu64 ",\"astray\":%" PRIu64 ",\"foreign\":%" PRIu64
           ",\"acks\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"closed\":%u,\"deaf_closed\":%u,\"pings\":%" PRIu64,
           report->lost, ledger->doubled, ledger->reordered, ledger->corrupted, ledger->astray,
           ledger->foreign, load->acks, load->refused, load->closed, load->deaf_closed, load->pings);
    if (ledger->last_latency->total) print_latency("last_us", ledger->last_latency);
    if (ledger->each_latency->total) print_latency("each_us", ledger->each_latency);
    if (load->probes) print_probes(load->probes, report);
}

static bool is_wrong(const struct load *load, const struct report *report) {
    const struct ledger *ledger = &load->ledger;
    return report->lost || ledger->doubled || ledger->reordered || ledger->corrupted
           || ledger->astray
           || load->refused || load->closed || load->problem[0];
}

int report_print(const struct options *options, const struct load *load,
                 const struct report *report) {
    double wall = (double)(report->after.at - report->before.at);
    double own = (double)(report->after.own.used - report->before.own.used) / wall;
    double waited = (double)(report->after.own.waited - report->before.own.waited) / wall;
    int code = 0;
    const char *verdict = "ok";
    if (own > busiest) {
        code = EXIT_TOO_BUSY;
        verdict = "void";
    }
    if (load && is_wrong(load, report)) {
        code = EXIT_WRONG;
        verdict = "wrong";
    }
    printf("{\"mode\":\"%s\",\"verdict\":\"%s\",\"unit\":\"%s\",\"count\":%" PRIu64
           ",\"wall_s\":%.6f,\"per_second\":%.1f,\"generator\":%.3f"
           ",\"generator_waited\":%.3f",
           report->mode, verdict, report->unit, report->count, wall / 1e9,
           (double)report->count / wall * 1e9, own, waited);
    if (load) print_clients(load, report);
    printf(",\"servers\":{");
    for (unsigned i = 0; i < options->watched_count; i++) print_server(options, report, i);
    printf("},\"problem\":");
    print_string(load ? load->problem : "");
    puts("}");
    return code;
}
