// Sockets as every candidate and the generator use them: not blocking, without Nagle's delay.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Ends the program with sysexits' EX_OSERR or EX_UNAVAILABLE and a sentence.
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// As many descriptors as the system lets this process have. Returns how many.
uint64_t raise_descriptor_limit(void);

// On 127.0.0.1; port 0 is any free one. Puts the port into *port.
int listen_on(uint16_t *port);

// Begins to connect to 127.0.0.1. `source` is the last byte of the address 127.0.0.x to connect
// from, because one address has only 28,000 ports; 0 lets the kernel choose. `reset`: closing resets it,
// so that thousands of clients do not stay behind in TIME_WAIT. Returns -1 with errno.
int connect_to(uint16_t port, uint8_t source, int receive_buffer, bool reset);

void no_delay(int fd);
