/// Things that are known by name: methods, networks, datasets, partition schemes, reports. A program that imports the
/// package can add its own before it runs anything; `all` lists the package's first.
public final class Registry<Element: Sendable>: Sendable {
  private let kind: String
  private let name: @Sendable (Element) -> String
  private let elements: Guarded<[Element]>

  /// A registry of some elements with different names.
  /// - Parameters:
  ///   - kind: what they are, for errors, such as `method`.
  ///   - name: an element's name.
  public init(
    _ kind: String, _ elements: [Element], name: @escaping @Sendable (Element) -> String
  ) {
    self.kind = kind
    self.name = name
    self.elements = Guarded(elements)
  }

  /// All of them, in the order in which they were added.
  public var all: [Element] { elements.withLock { $0 } }

  /// The names of all.
  public var names: [String] { all.map(name) }

  /// The element of that name, or nil.
  public subscript(name: String) -> Element? { all.first { self.name($0) == name } }

  /// Adds an element. Throws `RegistryError` if its name is taken, or cannot stand in a file's name.
  public func add(_ element: Element) throws(RegistryError) {
    let added = name(element)
    let isName =
      !added.isEmpty && !added.hasPrefix("-")
      && added.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
    guard isName else {
      throw RegistryError(
        "\(kind) \"\(added)\": expected a name of lowercase letters, digits and hyphens")
    }
    let isFree = elements.withLock { elements in
      guard !elements.contains(where: { name($0) == added }) else { return false }
      elements.append(element)
      return true
    }
    guard isFree else { throw RegistryError("\(kind) \(added): there is one of that name already") }
  }
}

/// A name that cannot be added.
public struct RegistryError: Error, CustomStringConvertible, Equatable, Sendable {
  /// One line for the user.
  public let description: String

  init(_ description: String) { self.description = description }
}
