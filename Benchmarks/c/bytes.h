// A buffer that grows. If memory is exhausted, the program ends: a benchmark has no other use for
// that.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

// Makes room for `more` bytes after those there are, and returns where they go. Does not count
// them.
uint8_t *bytes_reserve(struct bytes *buffer, size_t more);
void bytes_append(struct bytes *buffer, const void *data, size_t size);
// Removes the first `size` bytes.
void bytes_drop(struct bytes *buffer, size_t size);
void bytes_free(struct bytes *buffer);
