import Experiments
import ExperimentsTestSupport
import Foundation
import Testing

@Suite("Keys of a run")
struct RunKeyTests {
  /// The rows of the first table of specification.md: key, default, meaning.
  private static func rows() throws -> [[String]] {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Documentation/specification.md")
    let lines = try String(contentsOf: page, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let table = lines.drop { !$0.hasPrefix("| key |") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
    return table.map {
      $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test("the page lists every key once, with its default and meaning", arguments: RunKey.all)
  func page(key: RunKey) throws {
    let rows = try Self.rows().filter { $0.first == "`\(key.name)`" }
    #expect(rows.count == 1, "\(key.name): \(rows.count) rows in specification.md, expected one")
    let row = try #require(rows.first)
    try #require(row.count == 3)
    #expect(row[1].replacing("`", with: "") == key.defaultText.replacing("`", with: ""))
    #expect(row[2] == key.documentation)
  }

  @Test("the page lists no key that is not there")
  func nothingElse() throws {
    let known = Set(RunKey.all.map { "`\($0.name)`" })
    let others = try Self.rows().map { $0[0] }.filter { !known.contains($0) }
    #expect(others.allSatisfy { $0.hasPrefix("`partition.") || $0 == "`methods.<method>.<key>`" })
  }

  @Test("what decides nothing is not recorded, and every other key is, once and in order")
  func recorded() throws {
    let recorded = try RunSpecification(Fixtures.document([])).identity.map(\.key)
    let expected = RunKey.all.filter { $0.decision != .nothing }.map(\.name)
    #expect(
      recorded.filter { !$0.hasPrefix("partition.") && !$0.hasPrefix("methods.") } == expected)
    #expect(Set(recorded).count == recorded.count)
  }
}
