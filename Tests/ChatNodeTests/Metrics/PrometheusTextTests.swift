import TestSupport
import Testing

/// The parser that scrapes are checked with: it accepts only correct text.
@Suite struct PrometheusTextTests {
    private static let histogram = """
        # HELP h_seconds x
        # TYPE h_seconds histogram
        h_seconds_bucket{a="1",le="0.1"} 1
        h_seconds_bucket{a="1",le="+Inf"} 3
        h_seconds_sum{a="1"} 0.5
        h_seconds_count{a="1"} 3

        """

    @Test func `the parser accepts correct text`() throws {
        let text = try PrometheusText(
            parsing: Self.histogram + """
                # HELP c_total a\\\\b\\nc
                # TYPE c_total counter
                c_total{x="a\\"b\\\\c\\nd",y=""} 12
                # HELP g g
                # TYPE g gauge
                g -1.5e-05

                """
        )
        #expect(try text.family("c_total").help == "a\\b\nc")
        #expect(try text.value("c_total", ["x": "a\"b\\c\nd", "y": ""]) == 12)
        #expect(try text.value("g") == -1.5e-05)
        #expect(try text.value("h_seconds_count", ["a": "1"]) == 3)
    }

    @Test(arguments: [
        "a 1\n",
        "# TYPE a gauge\na 1\n",
        "# HELP a x\na 1\n",
        "# HELP a x\n# TYPE a gauge\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a gauge\nb 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a x\n# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\n# HELP b x\n# TYPE b gauge\nb 1\n"
            + "# HELP a x\n# TYPE a gauge\na{x=\"1\"} 1\n",
        "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a_total x\n# TYPE a_total gauge\na_total 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total -1\n",
        "# HELP a x\n# TYPE a summary\na 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a gauge\na{x=\"1} 1\n",
        "# HELP a x\n# TYPE a gauge\na{x=\"\\q\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na{1=\"1\"} 1\n",
        "# HELP a x\n# TYPE a gauge\n\na 1\n",
        Self.histogram.replacingFirst("} 1\n", "} 4\n"),
        Self.histogram.replacingFirst("count{a=\"1\"} 3", "count{a=\"1\"} 4"),
        Self.histogram.replacingFirst("+Inf", "9"),
        Self.histogram.replacingFirst("0.1", "+Inf"),
        Self.histogram.replacingFirst("h_seconds_sum{a=\"1\"} 0.5\n", ""),
        Self.histogram.replacingFirst("sum{a=\"1\"}", "sum"),
    ])
    func `the parser refuses wrong text`(text: String) {
        #expect(throws: Unexpected.self) { try PrometheusText(parsing: text) }
    }
}

extension String {
    fileprivate func replacingFirst(_ part: String, _ other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
