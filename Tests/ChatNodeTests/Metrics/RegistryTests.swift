import CoreMetrics
import Foundation
import TestSupport
import Testing

@testable import ChatNode

/// Metrics in memory and what is shown of them.
@Suite struct RegistryTests {
    private let registry = MetricsRegistry()
    private var ours: CellFactory { CellFactory(registry: registry, writers: .one) }
    private var anybody: CellFactory { CellFactory(registry: registry, writers: .many) }

    private func scrape() throws -> PrometheusText {
        try PrometheusText(parsing: registry.scrape())
    }

    @Test func `what several loops count of one thing is added up`() throws {
        let labels = [("result", "accepted")]
        for amount in 1...3 {
            Counter(label: Family.published.name, dimensions: labels, factory: ours)
                .increment(by: amount)
            Gauge(label: Family.queuedBytes.name, factory: ours).record(amount * 10)
            Timer(label: Family.delivery.name, factory: ours).recordMilliseconds(amount * 10)
        }
        let text = try scrape()
        #expect(try text.value("chatnode_messages_published_total", ["result": "accepted"]) == 6)
        #expect(try text.value("chatnode_queue_private_bytes") == 60)
        #expect(try text.value("chatnode_delivery_seconds_count") == 3)
        #expect(abs(try text.value("chatnode_delivery_seconds_sum") - 0.06) < 1e-9)
        #expect(try text.value("chatnode_delivery_seconds_bucket", ["le": "0.01"]) == 1)
        #expect(try text.value("chatnode_delivery_seconds_bucket", ["le": "0.025"]) == 2)
        #expect(try text.value("chatnode_delivery_seconds_bucket", ["le": "0.05"]) == 3)
    }

    @Test func `a value is in the bucket whose end it reaches, and no value is lost`() throws {
        let batch = Recorder(label: Family.batch.name, factory: ours)
        for count in [0, 1, 2, 3, 256, 257, 1_000_000] { batch.record(count) }
        batch.record(Double.nan)
        let text = try scrape()
        let upTo = { (end: String) in
            try text.value("chatnode_publish_batch_messages_bucket", ["le": end])
        }
        #expect(try upTo("1") == 2)
        #expect(try upTo("2") == 3)
        #expect(try upTo("4") == 4)
        #expect(try upTo("256") == 5)
        #expect(try upTo("+Inf") == 7)
        #expect(try text.value("chatnode_publish_batch_messages_sum") == 1_000_519)
    }

    @Test func `what libraries count on any thread is complete`() async throws {
        let counter = Counter(label: "library.requests", factory: anybody)
        let meter = Meter(label: "library.open", factory: anybody)
        let timer = Timer(label: "library.wait", factory: anybody)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        meter.increment(by: 2)
                        meter.decrement(by: 1)
                        timer.recordNanoseconds(1)
                    }
                }
            }
        }
        let text = try scrape()
        #expect(try text.value("chatnode_library_requests_total") == 8000)
        #expect(try text.value("chatnode_library_open") == 8000)
        #expect(try text.value("chatnode_library_wait_seconds_count") == 8000)
        #expect(try text.family("chatnode_library_open").kind == "gauge")
    }

    @Test func `labels and help survive whatever is in them`() throws {
        let value = "a\\b\"c\nd,e={}"
        Counter(
            label: "odd-name\\x\n",
            dimensions: [("1st label", value), ("le", "x"), ("__name__", "y")],
            factory: anybody
        ).increment(by: 5)
        let family = try #require(try scrape().families.first { $0.name.contains("odd") })
        #expect(family.name == "chatnode_odd_name_x__total")
        #expect(family.help == "Reported by a library as odd-name\\x\n.")
        let labels = ["_1st_label": value, "label_le": "x", "label___name__": "y"]
        #expect(family.samples.map(\.labels) == [labels])
        #expect(family.samples.map(\.value) == [5])
    }

    @Test func `a library that uses one name for two kinds cannot spoil a scrape`() throws {
        Recorder(label: "twice", aggregate: false, factory: anybody).record(7)
        Recorder(label: "twice", factory: anybody).record(1)
        let family = try scrape().family("chatnode_twice")
        #expect(family.kind == "gauge")
        #expect(family.samples.map(\.value) == [7])
    }

    @Test func `a destroyed metric is not shown any more`() throws {
        let first = Counter(label: "gone", factory: anybody)
        let second = Counter(label: "gone", factory: anybody)
        first.increment(by: 1)
        second.increment(by: 2)
        first.destroy()
        #expect(try scrape().value("chatnode_gone_total") == 2)
        second.destroy()
        #expect(try !scrape().families.contains { $0.name == "chatnode_gone_total" })
    }

    @Test func `the process's metrics are its own`() throws {
        let text = try scrape()
        let now = Date().timeIntervalSince1970
        let start = try text.value("process_start_time_seconds")
        #expect(start > now - 24 * 3600 && start < now)
        #expect(try text.value("process_cpu_seconds_total") > 0)
        #expect(try text.value("process_resident_memory_bytes") > 1_000_000)
        let before = try text.value("process_open_fds")
        #expect(try text.value("process_max_fds") >= before)
        // Other tests open and close descriptors meanwhile, but fewer.
        let more = try (0..<200).map { _ in try #require(fopen("/dev/null", "r")) }
        defer { for file in more { fclose(file) } }
        #expect(try scrape().value("process_open_fds") > before)
        #expect(try Double(#require(ProcessFigures.countedDescriptors)) > before)
    }

    @Test func `every name and kind is as Prometheus wants them`() {
        for family in Family.all {
            #expect(family.name.hasPrefix("chatnode_"))
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter))
            #expect(family.help.hasSuffix("."))
            if case .histogram(let buckets) = family.kind {
                #expect(zip(buckets.bounds, buckets.bounds.dropFirst()).allSatisfy(<))
                #expect(buckets.bounds.count <= Buckets.most)
            }
        }
        #expect(Buckets.seconds.bounds.first == 10_000)
        #expect(Buckets.seconds.bounds.last == 10_000_000_000)
        #expect(Buckets.any.bounds.last == 10_000_000_000)
    }

    private static func text(_ path: String) throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `every family that is declared is among all`() throws {
        let source = try Self.text("Sources/ChatNode/Metrics/Families.swift")
        let declared = source.matches(of: /static let (\w+) = Family\(/).map { String($0.1) }
        let all = try #require(source.firstMatch(of: /static let all =\n((?: {8}.*\n)+)/)).1
        let listed = all.matches(of: /\w+/).map { String($0.0) }
        #expect(declared.sorted() == listed.sorted())
        #expect(declared.count == Family.all.count)
    }

    @Test func `docs/operations.md names every family`() throws {
        let page = try Self.text("docs/operations.md")
        for family in Family.all {
            let name = family.name.dropFirst("chatnode_".count)
            #expect(page.contains("`\(name)`"), "\(family.name) is not in docs/operations.md")
        }
    }
}
