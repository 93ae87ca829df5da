#include "embedded.h"

#include <string.h>

static const unsigned char common[] = {
#embed "scripts/common.lua"
};
static const unsigned char openepoch[] = {
#embed "scripts/openepoch.lua"
};
static const unsigned char register_[] = {
#embed "scripts/register.lua"
};
static const unsigned char renew[] = {
#embed "scripts/renew.lua"
};
static const unsigned char certify[] = {
#embed "scripts/certify.lua"
};
static const unsigned char claim[] = {
#embed "scripts/claim.lua"
};
static const unsigned char release[] = {
#embed "scripts/release.lua"
};
static const unsigned char reap[] = {
#embed "scripts/reap.lua"
};
static const unsigned char publish[] = {
#embed "scripts/publish.lua"
};
static const unsigned char history[] = {
#embed "scripts/history.lua"
};

static const unsigned char catchup[] = {
#embed "scripts/catchup.lua"
};
static const unsigned char endgrace[] = {
#embed "scripts/endgrace.lua"
};
static const unsigned char here[] = {
#embed "scripts/here.lua"
};
static const unsigned char presence[] = {
#embed "scripts/presence.lua"
};
static const unsigned char present[] = {
#embed "scripts/present.lua"
};

static const struct {
    const char *name;
    struct embedded script;
} scripts[] = {
    {"common", {common, sizeof common}},         {"openepoch", {openepoch, sizeof openepoch}},
    {"register", {register_, sizeof register_}}, {"renew", {renew, sizeof renew}},
    {"certify", {certify, sizeof certify}},      {"claim", {claim, sizeof claim}},
    {"release", {release, sizeof release}},      {"reap", {reap, sizeof reap}},
    {"publish", {publish, sizeof publish}},      {"catchup", {catchup, sizeof catchup}},
    {"history", {history, sizeof history}},
    {"endgrace", {endgrace, sizeof endgrace}},   {"here", {here, sizeof here}},
    {"presence", {presence, sizeof presence}},   {"present", {present, sizeof present}},
};

struct embedded embedded_script(const char *name) {
    for (size_t index = 0; index < sizeof scripts / sizeof scripts[0]; index++) {
        if (strcmp(scripts[index].name, name) == 0) return scripts[index].script;
    }
    return (struct embedded){NULL, 0};
}
