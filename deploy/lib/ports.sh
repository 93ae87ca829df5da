# shellcheck shell=bash
# Who listens on a port of this machine. Reads /proc, so that neither ss nor lsof is needed.
# Sourced, never run.

# listeners PORT: the socket inodes that a bind to 127.0.0.1:PORT would collide with.
listeners() {
    local port address local_address state inode
    printf -v port '%04X' "$1"
    # proc(5): address:port in hexadecimal; state 0A is LISTEN; inode is the tenth field.
    while read -r _ local_address _ state _ _ _ _ _ inode _; do
        [[ $state == 0A && ${local_address##*:} == "$port" ]] || continue
        address=${local_address%:*}
        case $address in
        # 127.0.0.1 and 0.0.0.0, then :: and ::ffff:127.0.0.1.
        0100007F | 00000000 | 00000000000000000000000000000000 | 0000000000000000FFFF00000100007F)
            printf '%s\n' "$inode"
            ;;
        esac
    done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

port_is_free() {
    [[ -z $(listeners "$1") ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_holder PORT: "haproxy (pid 42): haproxy -f …", as far as this user may see it.
port_holder() {
    local inode fd pid name command
    for inode in $(listeners "$1"); do
        for fd in /proc/[0-9]*/fd/*; do
            if [[ $(readlink "$fd" 2>/dev/null) == "socket:[$inode]" ]]; then
                pid=${fd#/proc/}
                pid=${pid%%/*}
                name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
                command=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || command=$name
                printf '%s (pid %s): %.100s' "$name" "$pid" "${command% }"
                return
            fi
        done
    done
    printf 'a process that %s cannot see' "$(id -un)"
}
