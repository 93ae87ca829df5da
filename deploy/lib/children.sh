# shellcheck shell=bash
# The processes that a script starts, watches and stops, each by its name. Sourced, never run.
# Needs console.sh, and RUN_DIR: a folder for their logs.
#
# A child gets a session of its own, or a terminal's Ctrl-C would reach it before the script can
# stop the children in order. It also gets SIGTERM when the script is gone without having stopped
# it (SIGKILL, say). It writes to a file, never to the terminal: a terminal that is stopped with
# Ctrl-S must not stop a server.
#
# shellcheck disable=SC2034,SC2154  # shared with console.sh and with the script that sources this

declare -a children=() # names, in the order of their start
declare -A child_pid=() child_follower=() child_log_start=()

# The children that deploy/node was asked to end while the others go on, with the action that ended
# them. That such a child does not run is no failure.
declare -A child_asked=()

# Signals only count; every wait below looks at the count. A trap that did the stopping itself
# would run in the middle of whatever is being done at that moment.
signals=0 last_signal=0 signals_answered=0
note_signal() {
    last_signal=$1
    signals=$((signals + 1))
}
catch_signals() {
    trap 'note_signal 1' HUP
    trap 'note_signal 2' INT
    trap 'note_signal 15' TERM
    # Printing to a reader that has gone fails then, and what fails ends the script by its exit
    # trap. The signal itself would end it without.
    trap '' PIPE
}

# How often a condition is looked at again. Reading with a time limit from a pipe that has no writer is
# a pause that takes no process and that a signal ends.
readonly POLL_SECONDS=0.05
exec {never}<> <(:)
pause() { read -rt "$POLL_SECONDS" -u "$never" || true; }

# log_of NAME: the file it writes to.
log_of() { printf '%s/%s.log' "$RUN_DIR" "$1"; }

# Closes this script's own descriptors, in a subshell that will be a child: one that kept the lock
# would hold it after the script's end.
close_inherited() {
    exec {never}>&-
    if [[ -n ${lock:-} ]]; then exec {lock}>&-; fi
    if [[ -n ${inbox:-} ]]; then exec {inbox}>&-; fi
}

# spawn NAME COMMAND…: also again, after its end.
spawn() {
    local name=$1 log
    log=$(log_of "$1")
    shift
    child_log_start[$name]=1
    if [[ -e $log ]]; then child_log_start[$name]=$(($(stat -c %s "$log") + 1)); fi
    (
        close_inherited
        exec setsid setpriv --pdeathsig TERM -- "$@"
    ) </dev/null >>"$log" 2>&1 &
    if [[ -z ${child_pid[$name]+known} ]]; then children+=("$name"); fi
    child_pid[$name]=$!
    unset "child_asked[$name]"
}

# Bash has reaped a child that ended as soon as it did, so the process is gone for kill, too.
alive() { [[ -n ${child_pid[$1]:-} ]] && kill -0 "${child_pid[$1]}" 2>/dev/null; }

# note_end NAME: waits for a child, and puts its status and the words for it into variables. Not
# for a command substitution: only the shell that started a child can wait for it.
end_status=0 end_words=''
note_end() {
    end_status=0
    wait "${child_pid[$1]}" 2>/dev/null || end_status=$?
    if ((end_status > 128)) && kill -l "$end_status" >/dev/null 2>&1; then
        end_words="was ended by SIG$(kill -l "$end_status")"
    else
        end_words="exited with $end_status"
    fi
}

# forget NAME: removes the process id of a child that has ended; another process may get the same id.
forget() { child_pid[$1]=''; }

# find_dead: puts the first child that should run and does not into a variable, if there is one.
# Without a command substitution, which would be a process many times a second.
dead=''
find_dead() {
    for dead in "${children[@]}"; do
        [[ -n ${child_asked[$dead]:-} ]] || alive "$dead" || return 0
    done
    dead=''
    return 1
}

# A signal before everything is ready ends the start.
leave_if_asked() { if ((signals)); then exit $((128 + last_signal)); fi; }

# run COMMAND…: something that ends by itself. A signal ends it, and then the script; a second one
# kills it.
run() {
    local pid status=0 answered=0
    (
        close_inherited
        exec setsid setpriv --pdeathsig TERM -- "$@"
    ) </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if ((signals > answered)); then
            kill -s "$( ((answered)) && echo KILL || echo TERM)" -- "-$pid" 2>/dev/null || true
            answered=$signals
        fi
        pause
    done
    wait "$pid" || status=$?
    leave_if_asked
    return "$status"
}

# await SECONDS COMMAND…: until the command succeeds. Returns 1 when the time is up, when any
# child has died and when a signal came: the caller tells which.
await() {
    local until=$(($(now) + $1 * 1000000))
    shift
    while ! "$@" >/dev/null 2>&1; do
        if ((signals)) || find_dead || (($(now) > until)); then return 1; fi
        pause
    done 2>/dev/null # bash says "Killed" there
}

# last_lines NAME: the end of its log, marked with its name.
last_lines() { tail -n 20 "$(log_of "$1")" 2>/dev/null | sed "s/^/$(prefix "$1")/"; }

prefix() { printf '%s%-8s|%s ' "$dim" "$1" "$plain"; }

# follow NAME: prints a child's log from the start of its present process on, until that has ended.
follow() {
    (
        close_inherited
        # shellcheck disable=SC2016  # the inner shell's parameters
        exec setsid sh -c \
            'tail -s "$4" --pid="$1" -c "+$5" -f "$2" 2>/dev/null | sed -u "s/^/$3/"' follow \
            "${child_pid[$1]}" "$(log_of "$1")" "$(prefix "$1")" "$POLL_SECONDS" \
            "${child_log_start[$1]}"
    ) </dev/null &
    child_follower[$1]=$!
}

# A Ctrl-C that comes in the moment in which a follower is forked ends that as well: bash has then
# taken the trap off, and the follower is not in a session of its own yet. It has printed nothing by then.
# On a busy machine it may take the signal seconds later, so this is called again while children end.
follow_again() {
    local name
    for name in "${!child_follower[@]}"; do
        if alive "$name" && ! kill -0 "${child_follower[$name]}" 2>/dev/null; then follow "$name"; fi
    done
}

# gone_within SECONDS NAME…: whether they all end in time. A signal that came after those that
# the script is already stopping for ends the wait, too.
gone_within() {
    local until=$(($(now) + $1 * 1000000)) name
    shift
    for name in "$@"; do
        while alive "$name"; do
            if ((signals > signals_answered || $(now) > until)); then return 1; fi
            follow_again
            pause
        done 2>/dev/null
    done
}

# kill_all_of NAME: its whole session, so that nothing it started stays.
kill_all_of() { kill -s KILL -- "-${child_pid[$1]}" 2>/dev/null || true; }

# stop SIGNAL SECONDS NAME…: sends the signal to those that deploy/node has not asked to stop, waits, and
# kills those that are left. Returns 1 if it killed one.
stop() {
    local signal=$1 seconds=$2 name forced=0
    shift 2
    for name in "$@"; do
        # To a node, a second signal says not to drain.
        if [[ -n ${child_asked[$name]:-} ]]; then continue; fi
        kill -s "$signal" "${child_pid[$name]}" 2>/dev/null || true
    done
    # A bare "return" inside a trap returns the status from before the trap.
    if gone_within "$seconds" "$@"; then return 0; fi
    for name in "$@"; do
        if alive "$name"; then
            forced=1
            kill_all_of "$name"
        fi
    done
    # A killed process is gone in no time, unless a disk holds it.
    signals_answered=$signals
    gone_within 5 "$@" || true
    return "$forced"
}

# Waits until the last lines of the children that ended are printed.
finish_following() {
    local until=$(($(now) + 2000000)) name
    for name in "${!child_follower[@]}"; do
        alive "$name" && continue
        while kill -0 "${child_follower[$name]}" 2>/dev/null && (($(now) < until)); do pause; done
    done
}
