#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>

/* Files that are part of the program, embedded when these sources are compiled: UTF-8, not
   NUL-terminated, valid for the life of the process. */
struct embedded {
    const unsigned char *bytes;
    size_t length;
};

/* A file with its name, which is NUL-terminated. */
struct embedded_file {
    const char *name;
    struct embedded content;
};

/* The number of the web page's files (`page/NAME`), and one of them: the index is below the number. */
size_t embedded_page_count(void);
struct embedded_file embedded_page_file(size_t index);

/* The script of that name (`scripts/NAME.lua`); of no length if there is none. */
struct embedded embedded_script(const char *name);

#endif
