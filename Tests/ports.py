"""Ports for servers of tests that are ended and started again on their ports.

Two tests never get the same port, in whatever process they run: TestSupport/ReservedPort.swift reserves in the
same way, with a socket in the abstract namespace whose name holds the number (unix(7)).
"""

import random
import socket

NODES = range(10_000, 20_000)  # below those that the kernel gives to connections (ip_local_port_range, ip(7))

_reserved = []  # until the process ends


def reserve(ports=NODES):
    """Returns a port that is free, and that no other test takes while this process runs."""
    for _ in range(100):
        port = random.choice(ports)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0chatnode-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        _reserved.append(reservation)
        return port
    raise OSError(f"no port of {ports} is free")
