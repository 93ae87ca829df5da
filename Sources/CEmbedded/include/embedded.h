#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>

/* Files that are part of the program, embedded when these sources are compiled: UTF-8, not
   NUL-terminated, valid for the life of the process. */
struct embedded {
    const unsigned char *bytes;
    size_t length;
};

/* The web page served at `/`. */
struct embedded embedded_page(void);

/* The script of that name (`scripts/NAME.lua`); of no length where there is none. */
struct embedded embedded_script(const char *name);

#endif
