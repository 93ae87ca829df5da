# shellcheck shell=bash
# The part of deploy/up that carries out the requests of deploy/node. Only the script that started a
# child can start it again, follow it and stop it in order, and can be sure which process an id belongs
# to. Sourced by deploy/up, whose functions it calls.
#
# A request is a line "ID ACTION NAME" in the pipe REQUESTS. The answer is a line "WORD PID" in the
# pipe answer.ID: done, or why not (down, running, leaving, stuck). deploy/node itself waits for the
# result, so nothing waits here.
#
# shellcheck disable=SC2154  # shared with children.sh and deploy/up

accept_requests() {
    mkfifo "$REQUESTS"
    exec {inbox}<>"$REQUESTS"
}

# next_request: puts a request into the variables id, action and name. Returns 1 if none came in
# POLL_SECONDS.
#
# Bash reads a pipe byte by byte, so the time can be up in the middle of a line. What was read by then is
# kept for the next call.
request=''
next_request() {
    local part status=0
    IFS= read -rt "$POLL_SECONDS" -u "$inbox" part || status=1
    request+=$part
    ((status == 0)) || return 1
    read -r id action name <<<"$request"
    request=''
}

# serve_requests: carries out a request if one is there, or pauses.
serve_requests() {
    local id action name
    next_request || return 0
    [[ $id =~ ^[0-9]+$ && -p $RUN_DIR/answer.$id && " redis ${nodes[*]} " == *" $name "* ]] ||
        return 0
    note_asked_ends
    obey "$action" "$name"
    # A pipe that is opened for reading and writing does not wait for a reader, which may have ended.
    printf '%s\n' "$answer" 1<>"$RUN_DIR/answer.$id"
}

# Prints a line for every child that has ended because deploy/node asked for it.
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

# obey ACTION NAME: carries out a request, and puts the answer into the variable answer.
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
    # A paused process gets SIGTERM only when it goes on.
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

# end_at_once NAME WORD: kills a child. Returns 1 if it is still there after 5 s.
end_at_once() {
    alive "$1" || return 0
    child_asked[$1]=$2
    kill_all_of "$1"
    # A killed process is gone in no time, unless a disk holds it.
    gone_within 5 "$1" && return
    answer="stuck ${child_pid[$1]}"
    return 1
}

# start_again NAME WORD: starts a child that has ended.
start_again() {
    # Or the follower of the process before would print the new one's log as well.
    finish_following
    if [[ $1 == redis ]]; then spawn_redis; else spawn_node "$1"; fi
    follow "$1"
    answer="done ${child_pid[$1]}"
    printf '%s was started, pid %s (deploy/node %s)\n' "$1" "${child_pid[$1]}" "$2"
}
