import Foundation
import Partitioning
import Reports
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Partition picture")
struct PartitionPictureTests {
  @Test("the picture is well-formed and shows every count")
  func picture() throws {
    let partition = try makePartition(
      ClassesPerClient(clientClasses: [[0, 1], [2]], samplesPerClient: 20),
      labels: evenLabels(classes: 3, perClass: 20), classCount: 3)
    let svg = PartitionPicture(partition, classNames: ["a<b", "c&d", "e"]).svg
    let reader = try SVGReader(svg)
    #expect(reader.texts.contains("client 0, class a<b: 10"))
    #expect(reader.texts.contains("client 0, class c&d: 10"))
    #expect(reader.texts.contains("client 1, class e: 20"))
    #expect(reader.texts.contains("letters over 2 clients: classes-per-client"))
    #expect(reader.texts.contains("samples (train and test)"))
    #expect(svg == PartitionPicture(partition, classNames: ["a<b", "c&d", "e"]).svg)
    // Bars of 20 samples are as wide as each other: the parts of 10 are half of it.
    #expect(reader.barWidths == [299, 299, 599])
  }

  @Test(
    "many classes or many clients give a heat map of which every cell is filled or empty",
    arguments: [(10, 100), (100, 10), (100, 100)])
  func heatMap(clients: Int, classes: Int) throws {
    let scheme = try DominantClasses(clients: clients, samplesPerClient: 200, dominantClasses: 6)
    let partition = try makePartition(
      scheme, labels: evenLabels(classes: classes, perClass: 200 * clients / classes + 100),
      classCount: classes)
    let svg = PartitionPicture(partition).svg
    let reader = try SVGReader(svg)
    #expect(reader.summary == "a heat map of samples by client and class; \(classes) classes")
    #expect(reader.texts.contains("white: none"))
    // All classes are held, so the shaded area is the whole plot.
    let width = min(max(600 / Double(classes), 3), 40) * Double(classes)
    let height = min(max(560 / Double(clients), 2), 24) * Double(clients)
    #expect(abs(reader.pathArea - width * height) < 0.001 * width * height)
    #expect(svg.utf8.count < 100_000)
  }
}

/// Parses an SVG document and collects what the tests ask about.
private final class SVGReader: NSObject, XMLParserDelegate {
  private(set) var texts: [String] = []
  private(set) var summary = ""
  private(set) var barWidths: [Double] = []
  private(set) var pathArea = 0.0
  private var text = ""
  private var width = ""

  init(_ svg: String) throws {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    #expect(parser.parse(), "the picture is no well-formed XML")
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    text = ""
    if name == "rect" { width = attributes["width"] ?? "" }
    guard name == "path", let path = attributes["d"] else { return }
    for cell in path.split(separator: "M") {
      // Each rectangle reads x y h<width> v<height> h-<width> z.
      let parts = cell.split { "hvz".contains($0) }
      guard parts.count == 4, let width = Double(parts[1]), let height = Double(parts[2]) else {
        Issue.record("no rectangle: \(cell)")
        return
      }
      pathArea += width * height
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    if name == "text" || name == "title" { texts.append(text) }
    if name == "desc" { summary = text }
    if name == "title", text.hasPrefix("client "), let width = Double(width) {
      barWidths.append(width)
    }
  }
}
