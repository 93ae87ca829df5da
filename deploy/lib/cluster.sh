# shellcheck shell=bash
# A cluster on this machine: its parts by their names, where each listens, and how each says that
# it is ready. Sourced, never run. Needs console.sh, and root: the checkout.
#
# shellcheck disable=SC2034,SC2154  # shared with the scripts that source this

PORT_BASE=${PORT_BASE:-18080}
# The highest port is 65535, and Redis is 99 above this.
readonly HIGHEST_BASE=65000
if [[ ! $PORT_BASE =~ ^[1-9][0-9]{3,4}$ ]] ||
    ((PORT_BASE < 1024 || PORT_BASE > HIGHEST_BASE)); then
    die "$EX_USAGE" "PORT_BASE is '$PORT_BASE', not a number from 1024 to $HIGHEST_BASE" \
        'fix: PORT_BASE=18080, or leave it out'
fi

# Of the balancer and of Redis. That of a node is its number.
readonly BALANCER_OFFSET=0 REDIS_OFFSET=99
readonly REDIS_PORT=$((PORT_BASE + REDIS_OFFSET))

readonly NODE_READY_SECONDS=20 # a loaded machine starts a cold binary in a few
readonly REDIS_READY_SECONDS=10
readonly DRAIN_DELAY=${DRAIN_DELAY:-1s} # HAProxy asks twice in it; tests on a busy machine set 4 s
readonly DRAIN_TIMEOUT=20s
readonly NODE_STOP_SECONDS=30  # the two above, and its own end
readonly REDIS_STOP_SECONDS=10 # it writes its file to the disk

readonly RUN_DIR=$root/.run/$PORT_BASE
readonly REDIS_DIR=$RUN_DIR/redis

# socket_of NAME: prints the path of a node's socket for operators; nothing if the checkout's path is
# too long for that of a socket.
readonly SOCKET_PATH_BYTES=107
socket_of() {
    local LC_ALL=C path=$RUN_DIR/$1.sock
    if ((${#path} <= SOCKET_PATH_BYTES)); then printf '%s' "$path"; fi
}

# What deploy/node asks a running deploy/up for, a line each.
readonly REQUESTS=$RUN_DIR/requests

# How a command to this cluster begins.
here_again() { if ((PORT_BASE != 18080)); then printf 'PORT_BASE=%d ' "$PORT_BASE"; fi; }

# question_of NAME: what only a part that is ready answers well: a URL, or Redis's PING.
question_of() {
    case $1 in
    redis) printf 'PING 127.0.0.1:%d' "$REDIS_PORT" ;;
    haproxy) printf 'http://127.0.0.1:%d/' $((PORT_BASE + BALANCER_OFFSET)) ;;
    *) printf 'http://127.0.0.1:%d/readyz' $((PORT_BASE + ${1#n})) ;;
    esac
}

# answers NAME: whether it is ready. A proxy in the environment is not for this machine's own
# addresses.
answers() {
    if [[ $1 == redis ]]; then
        [[ $(timeout 2 redis-cli -h 127.0.0.1 -p "$REDIS_PORT" PING) == PONG ]]
    else
        curl --noproxy '*' -fsS --max-time 2 -o /dev/null "$(question_of "$1")"
    fi
}
