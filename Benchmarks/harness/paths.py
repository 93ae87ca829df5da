"""The folders of the benchmarks."""

import pathlib

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
PROJECT = BENCHMARKS.parent
WORK = BENCHMARKS / ".work"
BIN = WORK / "bin"
PEERS = BENCHMARKS / "peers"
REDIS_CONFIG = PROJECT / "deploy" / "redis.conf"
