# shellcheck shell=bash
# What the scripts of this folder say to a person: one line a step with its time, errors with a
# way out, colours on a terminal only. Sourced, never run.
#
# shellcheck disable=SC2034  # the scripts that source this file use what it defines

# Exit codes are those of sysexits(3).
readonly EX_USAGE=64 EX_UNAVAILABLE=69 EX_SOFTWARE=70 EX_CANTCREAT=73 EX_TEMPFAIL=75

# Debian puts haproxy and debootstrap where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

# https://no-color.org
wants_colour() { [[ -t $1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; }

red='' green='' dim='' bold='' plain=''
if wants_colour 1; then
    red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' bold=$'\e[1m' plain=$'\e[0m'
fi

# error WHAT [LINE...]: what happened, then what mends it.
error() {
    local on='' off=''
    if wants_colour 2; then on=$'\e[31m' off=$'\e[0m'; fi
    printf '%serror:%s %s\n' "$on" "$off" "$1" >&2
    shift
    if (($#)); then printf '  %s\n' "$@" >&2; fi
}

# die CODE WHAT [LINE...]
die() {
    local code=$1
    shift
    error "$@"
    exit "$code"
}

# usage_of SCRIPT: the comment that it begins with.
usage_of() { sed -n '2,/^set/{/^#/!d;s/^# \{0,1\}//;p}' "$1"; }

# Microseconds; the decimal separator of EPOCHREALTIME follows the locale.
now() { printf '%s' "${EPOCHREALTIME//[^0-9]/}"; }

# seconds_since START: "12.3"
seconds_since() {
    local tenths=$((($(now) - $1) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

step_name='' step_start=0

# step_begin NAME: on a terminal, says at once what is being waited for.
step_begin() {
    step_name=$1
    step_start=$(now)
    if [[ -t 1 ]]; then printf '%-9s %s…%s' "$step_name" "$dim" "$plain"; fi
}

# step_end DETAIL: the step's one line, in place of the one that said it had begun.
step_end() {
    if [[ -t 1 ]]; then printf '\r\e[K'; fi
    printf '%-9s %6s s  %s\n' "$step_name" "$(seconds_since "$step_start")" "$1"
    step_name=''
}

# step_abandon: clears the line of a step that did not end, before an error is printed.
step_abandon() {
    if [[ -t 1 && -n $step_name ]]; then printf '\r\e[K'; fi
    step_name=''
}
