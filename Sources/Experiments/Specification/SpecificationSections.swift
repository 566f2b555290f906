/// The readers of a specification's sections. Each is opened once and remembers the keys that were read,
/// so that unknown ones are found at the end.
struct SpecificationSections {
  private var root: ConfigurationReader
  private var sections: [(name: String, reader: ConfigurationReader)] = []

  init(root: ConfigurationReader) { self.root = root }

  /// Calls `body` with the section of a dotted key and the key's last part.
  mutating func read<Result>(
    _ key: String, _ body: (inout ConfigurationReader, String) throws -> Result
  ) throws -> Result {
    guard let dot = key.lastIndex(of: ".") else { return try body(&root, key) }
    let (name, last) = (String(key[..<dot]), String(key[key.index(after: dot)...]))
    if !sections.contains(where: { $0.name == name }) {
      sections.append((name, try root.section(name)))
    }
    let place = sections.firstIndex { $0.name == name } ?? 0
    return try body(&sections[place].reader, last)
  }

  /// Throws if there is a key that was never read.
  func finish() throws {
    try finishSections()
    try root.finish()
  }

  /// The same in the sections that were opened.
  func finishSections() throws {
    for section in sections { try section.reader.finish() }
  }
}
