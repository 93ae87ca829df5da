# shellcheck shell=bash
# The parts of deploy/test: runs them, one at a time or beside each other, prints a line for each as
# it ends, and a table of all at the end. Sourced, never run. Needs console.sh.
#
# A part NAME is a function part_NAME, with "-" written as "_". It runs in a subshell and calls one of
# check, swift_tests or tap (tests.sh) once. Its output is printed when it has ended, or
# with VERBOSE as it comes.
#
# A part's result is a line "PASSED FAILED SECONDS" in a file of its name. A part that ends without
# writing it counts as one failure.
#
# shellcheck disable=SC2034,SC2154  # shared with console.sh

scratch=$(mktemp -d)
mkdir "$scratch/result"
declare -a parts_begun=()        # in order
declare -A part_of_pid=()        # of those that run now
part=''                          # in a part's subshell: its name

# Every program that a part starts inherits this, so what it leaves behind is found: a test that is
# killed does not end its nodes and its Redis.
export PARTS_MARK=$$.$EPOCHREALTIME
marked() (
    mark=PARTS_MARK=$PARTS_MARK
    unset PARTS_MARK # or grep and cut would find themselves
    grep -lzsxF "$mark" /proc/[0-9]*/environ | cut -d / -f 3
)

end_parts() {
    trap - EXIT
    local pid signal left
    for pid in "${!part_of_pid[@]}"; do kill -s KILL -- "-$pid"; done 2>/dev/null
    # What ends in good order removes its files.
    for signal in TERM TERM TERM KILL; do
        mapfile -t left < <(marked)
        ((${#left[@]})) || break
        kill -s "$signal" "${left[@]}" 2>/dev/null
        sleep 0.5
    done
    rm -rf "$scratch"
}
trap end_parts EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A test that hangs must not hold CI until CI's own limit, which names no test. The longest part takes
# a few minutes on two busy cores.
readonly TIME_LIMIT=${TIME_LIMIT:-20m}

# limited COMMAND…: runs it with the time limit.
limited() { timeout --kill-after=10 "$TIME_LIMIT" "$@" </dev/null; }

# logged COMMAND…: keeps what it prints in the part's log.
logged() {
    if [[ -n ${VERBOSE:-} ]]; then
        limited "$@" 2>&1 | tee "$scratch/$part.log"
        return "${PIPESTATUS[0]}"
    else
        limited "$@" >"$scratch/$part.log" 2>&1
    fi
}

# show FILE: what failed, indented. VERBOSE has printed it already.
show() { if [[ -z ${VERBOSE:-} ]]; then sed 's/^/    /' "$1"; fi; }

# part_end PASSED FAILED [NOTE]: writes the result of a part and prints its line. Returns 1 if
# something failed.
part_end() {
    local seconds
    seconds=$(seconds_since "$step_start")
    printf '%d %d %s\n' "$1" "$2" "$seconds" >"$scratch/result/$part"
    if (($2)); then
        step_end "$1 passed, ${red}$2 failed${plain}${3:-}"
        return 1
    fi
    step_end "${green}$1 passed${plain}${3:-}"
}

# begin NAME…: runs these parts beside whatever follows. finish waits for them.
begin() {
    local name
    for name in "$@"; do
        parts_begun+=("$name")
        begin_part "$name" 2
    done
    say_running
}

# finish [NAME…]: waits for these parts, or for all that run. Returns 1 if one of these failed.
finish() {
    local name pid running status=0
    while is_running "$@"; do
        sleep 0.1
        running=" $(jobs -pr) "
        for pid in "${!part_of_pid[@]}"; do
            # Bash reaps a child when it ends, so that another process may have its process id.
            [[ ${running//$'\n'/ } == *" $pid "* ]] && continue
            name=${part_of_pid[$pid]}
            unset "part_of_pid[$pid]"
            print_part "$name"
            say_running
        done
    done
    for name in "$@"; do has_passed "$name" || status=1; done
    return "$status"
}

# is_running [NAME…]: whether one of these parts runs, or any.
is_running() {
    local name
    ((${#part_of_pid[@]})) || return 1
    (($# == 0)) && return
    for name in "$@"; do
        [[ " ${part_of_pid[*]} " == *" $name "* ]] && return
    done
    return 1
}

# beside_each_other NAME…: runs these parts at the same time, and waits for them all. Returns 1 if one
# failed.
beside_each_other() {
    local name
    for name in "$@"; do
        parts_begun+=("$name")
        begin_part "$name" $((${#part_of_pid[@]} + $#))
    done
    say_running
    finish "$@"
}

# begin_part NAME COUNT: in the background. COUNT parts run beside each other: if there is not just 1
# and VERBOSE shows what they print, each line begins with the part's name.
begin_part() {
    local name=$1
    # With job control, a background command leads a process group of its own, and does not ignore
    # SIGINT, which tests send to what they start.
    set -m
    if [[ -z ${VERBOSE:-} ]]; then
        run_part "$name" >"$scratch/$name.out" 2>&1 &
    elif [[ $2 == 1 ]]; then
        run_part "$name" &
    else
        run_part "$name" > >(exec sed -u "s/^/$name: /") 2>&1 &
    fi
    part_of_pid[$!]=$name
    set +m
}

run_part() {
    set +m
    part=$1
    trap - EXIT INT TERM
    part_of_pid=()
    step_name=$part
    step_start=$(now)
    "part_${part//-/_}"
}

# print_part NAME: prints what a part that has ended printed.
print_part() {
    if [[ -t 1 ]]; then printf '\r\e[K'; fi
    if [[ -e $scratch/$1.out ]]; then cat "$scratch/$1.out"; fi
    if [[ ! -e $scratch/result/$1 ]]; then printf '%s ended %swithout a result%s\n' "$1" "$red" "$plain"; fi
}

# On a terminal, names the parts that run now.
say_running() {
    local name
    [[ -t 1 && -z ${VERBOSE:-} ]] || return 0
    printf '\r\e[K%s' "$dim"
    for name in "${parts_begun[@]}"; do
        if [[ " ${part_of_pid[*]} " == *" $name "* ]]; then printf '%s… ' "$name"; fi
    done
    printf '%s' "$plain"
}

# result_of NAME: "PASSED FAILED SECONDS".
result_of() { cat "$scratch/result/$1" 2>/dev/null || echo '0 1 -'; }

has_passed() { [[ $(result_of "$1") == *' 0 '* ]]; }

# closing_lines: the table, and the last line, which says what came of it all. Returns 1 if something
# failed or nothing ran.
closing_lines() {
    local name good bad seconds passed=0 failed=0
    printf '\n%-11s %8s %7s %7s\n' part seconds passed failed
    for name in "${parts_begun[@]}"; do
        read -r good bad seconds < <(result_of "$name")
        printf '%-11s %8s %7d %7d\n' "$name" "$seconds" "$good" "$bad"
        passed=$((passed + good))
        failed=$((failed + bad))
    done
    printf '%-11s %8s %7d %7d\n' all "$(seconds_since "$tests_start")" "$passed" "$failed"
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0 && passed > 0))
}
tests_start=$(now)
