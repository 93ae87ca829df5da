"""A Redis and nodes on it, which can be killed and started again."""

import pathlib
import re
import shlex
import subprocess
import urllib.request

from . import candidates
from .servers import Server, free_port


class Cluster:
    """A Redis and some nodes on it, each with its operators' port."""

    def __init__(self, binary: str, folder: pathlib.Path, count: int, *flags: str):
        self.binary, self.folder, self.flags = binary, folder, flags
        self.redis = candidates.redis_server(folder)
        self.ports = [(free_port(), free_port()) for _ in range(count)]
        self.nodes: list[Server] = []
        try:
            for index, (port, _) in enumerate(self.ports):
                self.nodes.append(Server(f"n{index}", self.command(index, "--new-cluster"),
                                         folder / f"n{index}", port, "/readyz"))
        except BaseException:
            self.stop()
            raise

    def command(self, index: int, *more: str) -> list[str]:
        port, admin = self.ports[index]
        return [self.binary, "serve", "--port", str(port), "--node-id", f"n{index}", "--redis",
                f"redis://127.0.0.1:{self.redis.port}", "--admin", f"http://127.0.0.1:{admin}",
                "--message-rate", "0", "--byte-rate", "0", *self.flags, *more]

    def kill(self, *which: int) -> str:
        return "kill -9 " + " ".join(str(self.nodes[index].pid) for index in which)

    def start_again(self) -> str:
        """Returns what the shell does to start all nodes once more, and to note their processes."""
        return "; ".join(f"{shlex.join(self.command(index))} >{self.folder}/again{index}.log 2>&1 & "
                         f"echo $! >>{self.folder}/pids" for index in range(len(self.nodes)))

    def url(self, index: int) -> str:
        return f"ws://127.0.0.1:{self.ports[index][0]}"

    def figures(self, index: int) -> dict[str, float]:
        """Returns what a node counts, without labels' names."""
        address = f"http://127.0.0.1:{self.ports[index][1]}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return dict(read_figures(answer.read().decode()))

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
        pids = self.folder / "pids"
        if pids.exists():
            subprocess.run(["kill", *pids.read_text().split()], check=False)
        self.redis.stop()


def read_figures(text: str):
    for line in text.splitlines():
        if found := re.fullmatch(r"chatnode_(\S+) (\S+)", line):
            yield found[1], float(found[2])
