# shellcheck shell=bash
# The part of deploy/up that does what deploy/node asks for. It is done here because only the
# script that has started a child can start it again, follow it and stop it in order, and knows
# without doubt whose a process id is. Sourced by deploy/up, whose functions it calls.
#
# A request is a line "ID ACTION NAME" in the pipe REQUESTS. The answer is a line "WORD PID" in the
# pipe answer.ID: done, or why not (down, running, leaving, stuck). Whoever asks also waits for
# what becomes of it, so that here nothing is kept waiting.
#
# shellcheck disable=SC2154  # shared with children.sh and deploy/up

accept_requests() {
    mkfifo "$REQUESTS"
    exec {inbox}<>"$REQUESTS"
}

# serve_requests: pauses, unless there is a request.
serve_requests() {
    local id action name
    read -rt "$POLL_SECONDS" -u "$inbox" id action name || return 0
    [[ $id =~ ^[0-9]+$ && -p $RUN_DIR/answer.$id && " redis ${nodes[*]} " == *" $name "* ]] ||
        return 0
    note_asked_ends
    obey "$action" "$name"
    # Opened for both, it does not wait for a reader that has gone.
    printf '%s\n' "$answer" 1<>"$RUN_DIR/answer.$id"
}

# Says of every child whose end was asked for that it has come.
note_asked_ends() {
    local name
    for name in "${!child_asked[@]}"; do
        if [[ -z ${child_pid[$name]} ]] || alive "$name"; then continue; fi
        note_end "$name"
        forget "$name"
        printf '%s %s (deploy/node %s); %s./deploy/node start %s brings it back\n' \
            "$name" "$end_words" "${child_asked[$name]}" "$(here_again)" "$name"
    done
}

# obey ACTION NAME: puts the answer into a variable.
answer=''
obey() {
    if alive "$2"; then
        answer="done ${child_pid[$2]}"
        "obey_$1" "$2"
    else
        case $1 in
        start | restart | wipe) "obey_$1" "$2" ;;
        *) answer='down 0' ;;
        esac
    fi
}

obey_kill() {
    child_asked[$1]='kill'
    kill_all_of "$1"
}

obey_stop() {
    # To a node, a second signal says not to drain.
    if [[ -n ${child_asked[$1]:-} ]]; then return; fi
    child_asked[$1]='stop'
    send TERM "$1"
    # One that is paused would not hear it.
    send CONT "$1"
}

obey_pause() {
    send STOP "$1"
    printf '%s is paused (deploy/node pause); %s./deploy/node resume %s lets it go on\n' \
        "$1" "$(here_again)" "$1"
}

obey_resume() {
    send CONT "$1"
    printf '%s goes on (deploy/node resume)\n' "$1"
}

obey_start() {
    if ! alive "$1"; then
        start_again "$1" start
    elif [[ -n ${child_asked[$1]:-} ]]; then
        answer="leaving ${child_pid[$1]}"
    else
        answer="running ${child_pid[$1]}"
    fi
}

obey_restart() {
    if end_at_once "$1" restart; then start_again "$1" restart; fi
}

obey_wipe() {
    if end_at_once "$1" wipe; then
        rm -rf "$REDIS_DIR"
        start_again "$1" wipe
    fi
}

# send SIGNAL NAME
send() { kill -s "$1" "${child_pid[$2]}" 2>/dev/null || true; }

# end_at_once NAME WORD
end_at_once() {
    alive "$1" || return 0
    child_asked[$1]=$2
    kill_all_of "$1"
    # A killed process is gone in no time, unless a disk holds it.
    gone_within 5 "$1" && return
    answer="stuck ${child_pid[$1]}"
    return 1
}

# start_again NAME WORD
start_again() {
    # Otherwise the follower of its last life would print what it says, too.
    finish_following
    if [[ $1 == redis ]]; then spawn_redis; else spawn_node "$1"; fi
    follow "$1"
    answer="done ${child_pid[$1]}"
    printf '%s was started, pid %s (deploy/node %s)\n' "$1" "${child_pid[$1]}" "$2"
}
