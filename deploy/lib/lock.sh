# shellcheck shell=bash
# One script at a time for a folder. Sourced, never run. Needs console.sh, and RUN_DIR.

# take_lock WHEN-TAKEN: makes RUN_DIR and locks it for this script's life, or calls a function if
# another script has it, and ends. The lock lies in the folder that the end removes, so what was
# locked may be a file that is no longer there: then again.
take_lock() {
    for _ in 1 2 3; do
        mkdir -p "$RUN_DIR" 2>/dev/null || break
        { exec {lock}>>"$RUN_DIR/lock"; } 2>/dev/null || continue
        if ! flock -n "$lock"; then
            "$1"
            exit 0
        fi
        if [[ $RUN_DIR/lock -ef /proc/$$/fd/$lock ]]; then
            find "$RUN_DIR" -mindepth 1 ! -name lock -delete
            echo $$ >"$RUN_DIR/pid"
            return
        fi
        exec {lock}>&-
    done
    die "$EX_CANTCREAT" "cannot write to $RUN_DIR" "fix: sudo chown -R $(id -un) '${RUN_DIR%/*}'"
}
