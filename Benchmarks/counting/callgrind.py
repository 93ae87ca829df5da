"""A node under Valgrind's Callgrind, and what it has executed from one moment to another."""

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import time
from pathlib import Path

READY = 120  # seconds; under Callgrind on two busy cores a node starts in about five
ANSWER = 60  # seconds that Valgrind may take to write what it has counted
QUIET = 6  # seconds, so some twenty ticks and six of whatever a node does every second
GONE = 60  # seconds that a node may take to leave

SHIM = Path(__file__).with_name("sigsuspend.c")

# What asks the allocator for memory. glibc's own names; `realloc` of nothing and `calloc` do not
# come back as `malloc` there.
ALLOCATORS = {
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
}

# The clock of a loop (Sources/ChatNode/Hub/Shard.swift, `tick`), as Swift mangles its name.
TICK = re.compile(r"5ShardC4tick\w*yyF$")
# A stretch of what it does for one client after the other (Shard+Chores.swift, `doChores`).
STRETCH = re.compile(r"5ShardC8doChores\w*yyF$")

# Nothing of the caller's environment, whose length alone moves the stack. Swift's hash tables draw
# a seed per process otherwise, and glibc chooses memcpy and its like by what the processor can do.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "SWIFT_DETERMINISTIC_HASHING": "1",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps="
    "-AVX2,-AVX,-BMI1,-BMI2,-LZCNT,-MOVBE,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load",
}


class Trouble(Exception):
    """What went wrong, in words."""


@dataclasses.dataclass
class Counts:
    """What all threads of a process did: instructions executed, allocations made, how often the clock
    of its one loop ticked meanwhile, and in how many stretches it did its chores."""

    instructions: float = 0
    allocations: float = 0
    ticks: float = 0
    stretches: float = 0

    def __add__(self, other):
        return Counts(*(a + b for a, b in zip(self._all(), other._all())))

    def __sub__(self, other):
        return self + other * -1

    def __mul__(self, by):
        return Counts(*(a * by for a in self._all()))

    def __truediv__(self, by):
        return self * (1 / by)

    def _all(self):
        return dataclasses.astuple(self)


def read_dump(path):
    """The sums of one of Callgrind's files (Valgrind manual, "Callgrind Format Specification")."""
    names = {}
    counts = Counts()
    callee = None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(("fn=", "cfn=")):
                # "(7) name" defines a number, "(7)" refers to it. A function that calls itself
                # goes on as "name'2".
                number, _, name = line.split("=", 1)[1].strip().partition(" ")
                if name:
                    names[number] = name.partition("'")[0]
                callee = names[number]
            elif line.startswith("calls="):
                calls = int(line[6:].split()[0])
                if callee in ALLOCATORS:
                    counts.allocations += calls
                elif TICK.search(callee):
                    counts.ticks += calls
                elif STRETCH.search(callee):
                    counts.stretches += calls
            elif line.startswith("totals:"):
                counts.instructions = int(line.split()[1])
    if counts.instructions == 0:
        raise Trouble(f"{path} has no totals: Callgrind did not write it to its end")
    return counts


def run(*command):
    """Something that has to succeed."""
    # In the environment of the node: the names of Valgrind's pipes have in them what it says of the
    # user and the host.
    done = subprocess.run(
        [str(word) for word in command],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=ANSWER,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")


class Program:
    """A program as Valgrind can run it, and the folder in which all of a run lies."""

    def __init__(self, path, folder):
        self.folder = Path(folder)
        # Valgrind 3.19 gives up over the debugging information of Swift 6 (DWARF 5). The names of
        # functions stay.
        self.path = self.folder / "chatnode"
        run("strip", "--strip-debug", "-o", self.path, path)
        self.shim = self.folder / "sigsuspend.so"
        run("cc", "-shared", "-fPIC", "-O1", "-o", self.shim, SHIM)


class Node:
    """A `chatnode` with one loop, run under Callgrind."""

    def __init__(self, program, name, *flags):
        self.folder = program.folder
        self.name = name
        self.log = self.folder / f"{name}.log"
        self.dumps = 0
        # What one tick costs, and what else an idle node does in that time.
        self.tick = Counts()
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={self.folder / name}.out",
            f"--vgdb-prefix={self.folder / name}.vgdb",
            "--quiet",
            # Threads take turns by asking in order, not as the kernel happens to wake them.
            "--fair-sched=try",
            str(program.path),
            *("--port", "0", "--node-id", "counted", "--loops", "1"),
            *("--message-rate", "0", "--byte-rate", "0", "--log-level", "warning"),
            *flags,
        ]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                env=ENVIRONMENT | {"LD_PRELOAD": str(program.shim)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.port = self._await_port()
            self.learn_tick()
        except BaseException:
            self.kill()
            raise

    def _await_port(self):
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            text = self.log.read_text(errors="replace")
            found = re.search(r"clients +ws://127\.0\.0\.1:(\d+)/ws", text)
            if found and "ready in " in text:
                return int(found.group(1))
            if self.process.poll() is not None:
                raise Trouble(f"{self.name} ended before it was ready:\n{text}")
            time.sleep(0.05)
        raise Trouble(f"{self.name} was not ready after {READY} s:\n{self.log.read_text()}")

    def _tell(self, word):
        prefix = f"--vgdb-prefix={self.folder / self.name}.vgdb"
        run("vgdb", prefix, f"--pid={self.process.pid}", word)

    def forget(self):
        """What has been executed so far does not count."""
        self._tell("zero")

    def counts(self):
        """What has been executed since `forget`, but for the ticks that came in between."""
        self._tell("dump")
        self.dumps += 1
        counts = read_dump(f"{self.folder / self.name}.out.{self.dumps}")
        return counts - self.tick * counts.ticks

    def learn_tick(self):
        """Before anybody has connected."""
        self.forget()
        time.sleep(QUIET)
        counts = self.counts()
        if counts.ticks == 0:
            raise Trouble(f"{self.name} did not tick, or it is not called {TICK.pattern} any more")
        self.tick = counts / counts.ticks

    @contextlib.contextmanager
    def stopped(self):
        """It stands still meanwhile, and what it is sent waits for it."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        yield
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends it as an operator does, which it has to survive under Valgrind, too."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(GONE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f"{self.name} did not end within {GONE} s of SIGTERM") from None
        if code != 0:
            raise Trouble(f"{self.name} exited with {code}:\n{self.log.read_text()}")

    def kill(self):
        """Ends it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()
