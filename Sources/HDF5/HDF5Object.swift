import CHDF5

/// A group or a dataset: something with a path and attributes.
///
/// An object keeps its file open until it is released or the file is closed explicitly; after that its
/// methods throw. It is not `Sendable`: a file and its objects belong to one thread at a time, and
/// different files may be used from different threads.
public class HDF5Object {
  /// The path within the file, such as `/partition/client`.
  public let path: String

  let file: OpenFile
  let identifier: hid_t

  init(file: OpenFile, identifier: hid_t, path: String) {
    self.file = file
    self.identifier = identifier
    self.path = path
  }

  deinit {
    withLibrary {
      // A closed file has closed its objects, and their identifiers may have passed to others.
      if file.isOpen { _ = H5Oclose(identifier) }
    }
  }

  /// The last component of the path.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? "/" }

  @discardableResult
  func check<Status: SignedInteger>(_ status: Status, _ failure: @autoclosure () -> String) throws
    -> Status
  {
    try file.check(status, failure(), object: path)
  }

  func error(_ message: String) -> HDF5Error { HDF5Error(file: file.path, object: path, message) }

  /// Names that every reader accepts: a letter, then letters, digits and underscores, all ASCII.
  func checkName(_ name: String) throws {
    func isLetter(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    let valid =
      name.utf8.first.map(isLetter) == true
      && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    guard valid else {
      throw error(
        "found the name \"\(name)\" for a new object or attribute; expected a letter, then letters, "
          + "digits and underscores, which every reader of HDF5 accepts")
    }
  }
}

/// Calls `body` with a buffer over the values, copying them only where they are not contiguous.
func withContiguousValues<Values: Collection, Result>(
  _ values: Values, _ body: (UnsafeBufferPointer<Values.Element>) throws -> Result
) throws -> Result {
  if let result = try values.withContiguousStorageIfAvailable(body) { return result }
  return try Array(values).withUnsafeBufferPointer(body)
}

extension HDF5Object {
  /// C strings end at a NUL: text with one inside would be truncated silently.
  func checkText<Element: HDF5Element>(
    _ values: UnsafeBufferPointer<Element>, of name: @autoclosure () -> String
  ) throws {
    guard Element.elementType == .string else { return }
    for (index, value) in values.enumerated() where (value as? String)?.utf8.contains(0) == true {
      throw error(
        "cannot write \(name()): the text at index \(index) holds a NUL character; remove it")
    }
  }
}
