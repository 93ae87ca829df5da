import CoreMetrics

/// Makes the cells that code counts with through swift-metrics.
///
/// This program's own cells are found by the names of its families. A library's cell gets a name
/// with the program's prefix and, if it lacks it, the ending that its kind requires.
struct CellFactory: MetricsFactory {
    let registry: MetricsRegistry
    /// `.one` if everything that it makes is used on one thread.
    let writers: Writers

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let cell = CountCell(writers)
        registry.add(cell, to: family(label, .counter, ending: "_total"), dimensions)
        return cell
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        makeGauge(label, dimensions)
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? makeHistogram(label, dimensions, .any, ending: "") : makeGauge(label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        makeHistogram(label, dimensions, .seconds, ending: "_seconds")
    }

    func destroyCounter(_ handler: any CounterHandler) { registry.remove(handler) }
    func destroyMeter(_ handler: any MeterHandler) { registry.remove(handler) }
    func destroyRecorder(_ handler: any RecorderHandler) { registry.remove(handler) }
    func destroyTimer(_ handler: any TimerHandler) { registry.remove(handler) }

    private func makeGauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
        let cell = GaugeCell(writers)
        registry.add(cell, to: family(label, .gauge, ending: ""), dimensions)
        return cell
    }

    private func makeHistogram(
        _ label: String,
        _ dimensions: [(String, String)],
        _ otherwise: Buckets,
        ending: String
    ) -> HistogramCell {
        let family = family(label, .histogram(otherwise), ending: ending)
        guard case .histogram(let buckets) = family.kind else {
            preconditionFailure("\(label) is no histogram")
        }
        let cell = HistogramCell(buckets, writers)
        registry.add(cell, to: family, dimensions)
        return cell
    }

    private func family(_ label: String, _ kind: Family.Kind, ending: String) -> Family {
        if let own = Family.byName[label] {
            precondition(own.kind.word == kind.word, "\(label) is no \(kind.word)")
            return own
        }
        let name = "chatnode_" + Exposition.word(label)
        return Family(
            name.hasSuffix(ending) ? name : name + ending,
            kind,
            "Reported by a library as \(label)."
        )
    }
}
