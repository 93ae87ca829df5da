import Synchronization

/// Holds all cells of a node, by family and labels. Loops make their own cells and change them
/// without the registry; a scrape reads them from here, and asks no loop.
///
/// On: any thread. The lock is taken to make cells and to scrape, never to count.
final class MetricsRegistry: Sendable {
    private struct Entry {
        let family: Family
        /// The cells by labels, as the labels are shown.
        var series: [String: [any Cell]] = [:]
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Adds a cell to those of its family and labels. A cell that contradicts the family of that
    /// name, which only a library could make, is kept but never shown.
    func add(_ cell: some Cell, to family: Family, _ labels: [(String, String)] = []) {
        entries.withLock { entries in
            var entry = entries[family.name] ?? Entry(family: family)
            guard entry.family.kind == family.kind else { return }
            entry.series[Exposition.labels(labels), default: []].append(cell)
            entries[family.name] = entry
        }
    }

    /// Adds a number that is determined during a scrape, on the thread that scrapes.
    func observe(
        _ family: Family,
        _ labels: [(String, String)] = [],
        _ value: @escaping @Sendable () -> Double
    ) {
        add(ObservedCell(value), to: family, labels)
    }

    /// Removes a cell that is no longer used.
    func remove(_ cell: AnyObject) {
        entries.withLock { entries in
            for (name, var entry) in entries {
                for (labels, cells) in entry.series {
                    guard let index = cells.firstIndex(where: { $0 === cell }) else { continue }
                    entry.series[labels]?.remove(at: index)
                    if cells.count == 1 { entry.series[labels] = nil }
                    entries[name] = entry.series.isEmpty ? nil : entry
                    return
                }
            }
        }
    }

    /// Returns all metrics in the text format of Prometheus.
    ///
    /// Cost: some hundred microseconds, and what `ProcessFigures` costs. It waits for no loop.
    func scrape() -> String {
        var exposition = Exposition()
        let entries = self.entries.withLock { $0 }
        for (_, entry) in entries.sorted(by: { $0.key < $1.key }) {
            exposition.begin(entry.family)
            for (labels, cells) in entry.series.sorted(by: { $0.key < $1.key }) {
                var total = Total()
                for cell in cells { cell.add(to: &total) }
                exposition.append(total, of: entry.family, labels)
            }
        }
        ProcessFigures.append(to: &exposition)
        return exposition.text
    }
}
