import Foundation

/// The folder of a file's path, as the path names it: `.` for a file without one, `/` for one in the root.
/// Works on any path; Foundation's `deletingLastPathComponent` crashes on some short ones.
public func folder(ofFile path: String) -> String {
  let bytes = Array(path.utf8)
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  // a//b: the folder is a.
  let end = bytes[...slash].lastIndex { $0 != UInt8(ascii: "/") }
  return end.map { String(decoding: bytes[...$0], as: UTF8.self) } ?? "/"
}

/// Whether a name can be a folder or a file anywhere: letters, digits, hyphens, underscores and dots, of
/// which none is the first; at most 200.
public func isFileName(_ name: String) -> Bool {
  let scalars = name.unicodeScalars
  guard (1...200).contains(scalars.count), scalars.first != ".", scalars.first != "-" else {
    return false
  }
  return scalars.allSatisfy {
    ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
      || $0 == "-" || $0 == "_" || $0 == "."
  }
}

/// What there is under a name.
public enum FileKind: Sendable {
  /// A regular file.
  case regular
  /// A folder.
  case folder
  /// A symbolic link, whatever it leads to.
  case link
  /// A device, pipe or socket.
  case other
}

/// What there is under a name, without following a symbolic link; nil for nothing.
public func fileKind(_ path: String) -> FileKind? {
  var status = stat()
  guard lstat(path, &status) == 0 else { return nil }
  switch status.st_mode & S_IFMT {
  case S_IFREG: return .regular
  case S_IFDIR: return .folder
  case S_IFLNK: return .link
  default: return .other
  }
}

/// Why no file may be written under a name, as a clause; nil if one may. A regular file is replaced with
/// `overwrite` only, anything else never.
public func writingRefusal(_ path: String, overwrite: Bool) -> String? {
  switch fileKind(path) {
  case nil: nil
  case .folder: "is a folder, expected a file name"
  case .link:
    "is a symbolic link, expected a regular file; give the name that it leads to"
  case .other: "is a device, pipe or socket, expected a regular file"
  case .regular: overwrite ? nil : "already exists; add --overwrite to replace it"
  }
}
