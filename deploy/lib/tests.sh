# shellcheck shell=bash
# The kinds of tests that a part of deploy/test can be: a command's exit code, Swift tests, a script
# that prints TAP. Each writes the part's result. Sourced, never run. Needs parts.sh.
#
# shellcheck disable=SC2154  # shared with console.sh and parts.sh

# check COMMAND…: one test, passed if the command exits with 0.
check() {
    if logged "$@"; then
        part_end 1 0
    else
        part_end 0 1
        show "$scratch/$part.log"
        return 1
    fi
}

# end_counted PASSED FAILED STATUS: for a run that counts its tests. A run that failed without a
# failed test (a crash, a time-out) is one failure more, and so is one in which nothing ran.
end_counted() {
    local failures=$2 note=''
    if (($3 != 0 && $2 == 0)); then
        failures=1
        note=": the run itself, with exit status $3"
        if (($3 == 124)); then note=": the time was up after $TIME_LIMIT"; fi
    elif (($1 + $2 == 0)); then
        failures=1
        note=', because nothing ran'
    fi
    part_end "$1" "$failures" "$note"
}

# swift_counts FILE: how many Swift tests passed, failed and were skipped, from the file of their
# results. A run that crashed has written none.
swift_counts() {
    /usr/bin/python3 - "$1" 2>/dev/null <<'END_OF_PYTHON' || printf '0 0 0\n'
import sys
from xml.etree import ElementTree
cases = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
skipped = sum(case.find("skipped") is not None for case in cases)
failed = sum(any(case.find(kind) is not None for kind in ("failure", "error")) for case in cases)
print(len(cases) - skipped - failed, failed, skipped)
END_OF_PYTHON
}

# swift_issues LOG BAD: the issues of failed tests with the comments that follow them; if no test
# failed, the crash and the log's end.
swift_issues() {
    if (($2)); then
        grep -E '^ *(✘|↳|error:|warning:)' "$1" | grep -vE 'Testing Library Version|Target Platform'
    else
        sed -n '/Fatal error\|Program crashed/,/^Registers\|^Backtrace took/p' "$1" | head -n 60
        tail -n 20 "$1"
    fi
}

# The program that `swift build --build-tests` makes of all tests. It is run directly, because
# `swift test` waits for every other `swift` command that uses the folder of the build. TESTS names
# another program, for the tests of deploy/test.
TESTS=${TESTS:-.build/debug/chatnodePackageTests.xctest}

# What a crash prints: the crashed thread alone. With all threads, their symbols and the images, this
# takes longer than the tests (470 s on a slow machine).
export SWIFT_BACKTRACE=${SWIFT_BACKTRACE:-threads=crashed,images=none,registers=none,symbolicate=fast}

# swift_tests OPTION…: the Swift tests that these options choose (those of `swift test`).
swift_tests() {
    local status=0 good bad skipped results=$scratch/$part.xml
    logged "$TESTS" --testing-library swift-testing "$@" --xunit-output "$results" || status=$?
    read -r good bad skipped < <(swift_counts "$results")
    if end_counted "$good" "$bad" "$status"; then
        if ((skipped)); then printf '    %d skipped\n' "$skipped"; fi
        # TestSupport/Disturbances.swift
        if [[ -z ${VERBOSE:-} ]]; then sed -n 's/^made again, because /    a test &/p' "$scratch/$part.log"; fi
        return
    fi
    swift_issues "$scratch/$part.log" "$bad" >"$scratch/$part.issues"
    show "$scratch/$part.issues"
    return 1
}

# tap COMMAND…: the tests of a script that prints TAP.
tap() {
    local status=0 good bad planned log=$scratch/$part.log
    logged "$@" || status=$?
    good=$(grep -c '^ok ' "$log")
    bad=$(grep -c '^not ok ' "$log")
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log")
    # A script that did not come to its end has not printed its plan.
    if ((status == 0 && good + bad != ${planned:--1})); then status=1; fi
    end_counted "$good" "$bad" "$status" && return
    show "$log"
    return 1
}
