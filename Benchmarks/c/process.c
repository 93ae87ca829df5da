#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct cpu process_cpu(pid_t pid) {
    struct cpu total = {0};
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks) return total;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        unsigned long long used, waited;
        if (file && fscanf(file, "%llu %llu", &used, &waited) == 2) {
            total.used += used;
            total.waited += waited;
        }
        if (file) fclose(file);
    }
    closedir(tasks);
    return total;
}

struct memory process_memory(pid_t pid) {
    struct memory memory = {0};
    char line[200];
    snprintf(line, sizeof line, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(line, "r");
    if (!file) return memory;
    long value;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "Rss: %ld", &value) == 1) memory.rss = value;
        if (sscanf(line, "Pss: %ld", &value) == 1) memory.pss = value;
        if (sscanf(line, "Anonymous: %ld", &value) == 1) memory.private_ += value;
        if (sscanf(line, "Swap: %ld", &value) == 1) memory.private_ += value;
    }
    fclose(file);
    return memory;
}
