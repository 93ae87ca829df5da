// Sockets as every candidate and the generator use them: non-blocking, without Nagle's delay.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Ends the program with sysexits' EX_OSERR or EX_UNAVAILABLE and a sentence.
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Raises the descriptor limit as far as the system allows, and returns it.
uint64_t raise_descriptor_limit(void);

// Listens on 127.0.0.1; port 0 means any free one. Puts the port into *port.
int listen_on(uint16_t *port);

// Begins to connect to 127.0.0.1. `source` is the last byte of the address 127.0.0.x to connect
// from, because one address has only 28,000 ports; 0 lets the kernel choose. With `reset`, closing
// resets the connection, so that thousands of clients do not remain in TIME_WAIT. Returns -1 with
// errno.
int connect_to(uint16_t port, uint8_t source, int receive_buffer, bool reset);

void no_delay(int fd);
