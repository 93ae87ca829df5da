package import ArgumentParser

/// `chatnode bench`: the load generators.
package struct Bench: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Put load on nodes, and measure it.",
        discussion: """
            EXAMPLES
              chatnode bench fanout --recipients 1000 --rate 10 --verify
              chatnode bench fanout ws://a:4567 ws://b:4567 --in-flight 8 --json
              chatnode bench connect --clients 10000 --max-p99 200ms
              chatnode bench idle --clients 19000 --duration 60s --pid 4242
              chatnode bench churn --steady 200 --churn-rate 500
              chatnode bench fanout --dialect v1 --rooms 100 --recipients 5000
              chatnode bench resume --clients 1000 --every 15s --verify

            A node allows each client 20 messages and 64 KiB a second: start nodes
            to be tested with --message-rate 0 --byte-rate 0.

            With --dialect v1 each client joins one room (without --rooms, the lobby):
            client n joins room n modulo --rooms. Messages are numbered, and a run is
            correct only if each is acknowledged once.

            Latency counts from when a message was meant to leave (open loop),
            whatever held it up. Above 90 % of one of its loops the generator says
            that it was the bottleneck itself.

            With --json, what keeps a run from beginning is still told in lines.

            EXIT CODES
              0    fine
              1    --verify: messages lost, doubled, out of order, in the wrong room or
                   not acknowledged; clients gone
              2    a threshold was missed
              64   wrong arguments
              69   clients could not come in, are all gone, or heard nothing
              71   too few descriptors
              77   the server refused messages (rate_limited)
              130  ended by Ctrl-C; the figures so far are printed
            """,
        subcommands: [
            BenchFanOut.self, BenchConnect.self, BenchIdle.self, BenchChurn.self, BenchResume.self,
        ]
    )

    package init() {}
}
