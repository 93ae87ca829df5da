#include "embedded.h"

static const unsigned char page[] = {
#embed "page.html"
};

struct embedded embedded_page(void) { return (struct embedded){page, sizeof page}; }
