"""Runs a node under Valgrind's Callgrind, and counts what it executes from one moment to
another."""

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
# Seconds in which a node that is ready has done once whatever it does every second. The first time
# costs more: names are looked up in libraries, and Swift makes its metadata, for 60,000 to 100,000
# instructions in all, as many as of five ticks.
FIRST_TIMES = 2
# The less of two, as a busy machine adds turns of the loop.
QUIET_ROUNDS = 2
GONE = 60  # seconds that a node may take to leave

SHIM = Path(__file__).with_name("sigsuspend.c")

# The functions that ask the allocator for memory, by glibc's own names; `realloc` of nothing and
# `calloc` do not call `malloc` there.
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

# The tick of a loop (Sources/ChatNode/Hub/Shard.swift, `tick`), as Swift mangles its name.
TICK = re.compile(r"5ShardC4tick\w*yyF$")
# A batch of deferred work, done client by client (Shard+DeferredWork.swift, `doDeferredWork`).
STRETCH = re.compile(r"5ShardC14doDeferredWork\w*yyF$")

# The program gets nothing of the caller's environment, whose length moves the stack. By itself, Swift
# draws a seed of its hash tables for each process, and glibc chooses memcpy and the like by the
# processor.
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
    """What all threads of a process did: instructions executed, allocations made, how often its one
    loop ticked meanwhile, and in how many batches it did its deferred work."""

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
    """Returns the sums of one of Callgrind's files (Valgrind manual, "Callgrind Format
    Specification")."""
    names = {}
    counts = Counts()
    callee = None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(("fn=", "cfn=")):
                # "(7) name" defines a number, "(7)" refers to it. A function that calls itself
                # appears also as "name'2".
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
    """Runs a command that has to succeed."""
    # In the environment of the node: the names of Valgrind's pipes contain its names of the user
    # and the host.
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
    """A program as Valgrind can run it, and the folder for all files of a run."""

    def __init__(self, path, folder):
        self.folder = Path(folder)
        # Valgrind 3.19 fails on the debugging information of Swift 6 (DWARF 5), so it is removed.
        # The names of functions remain.
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
        # The cost of one tick, and of whatever else an idle node does in that time.
        self.tick = Counts()
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={self.folder / name}.out",
            f"--vgdb-prefix={self.folder / name}.vgdb",
            "--quiet",
            # Threads take turns in the order in which they ask, not as the kernel happens to wake
            # them.
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
        """Discards what has been executed so far."""
        self._tell("zero")

    def counts(self):
        """Returns what has been executed since `forget`, less the ticks that came in between."""
        self._tell("dump")
        self.dumps += 1
        counts = read_dump(f"{self.folder / self.name}.out.{self.dumps}")
        return counts - self.tick * counts.ticks

    def learn_tick(self):
        """Measures a tick. Must be called before any client has connected."""
        time.sleep(FIRST_TIMES)
        ticks = []
        for _ in range(QUIET_ROUNDS):
            self.forget()
            time.sleep(QUIET)
            counts = self.counts()
            if counts.ticks == 0:
                raise Trouble(f"{self.name} did not tick, or it is not called {TICK.pattern} any more")
            ticks.append(counts / counts.ticks)
        self.tick = min(ticks, key=lambda tick: tick.instructions)

    @contextlib.contextmanager
    def stopped(self):
        """Stops the node during the block; what it is sent waits for it."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        yield
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends the node as an operator does, which has to work under Valgrind too."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(GONE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble(f"{self.name} did not end within {GONE} s of SIGTERM") from None
        if code != 0:
            raise Trouble(f"{self.name} exited with {code}:\n{self.log.read_text()}")

    def kill(self):
        """Ends the node, whatever it is doing."""
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
