/// The folder of a file's path, as the path names it: `.` for a file without one, `/` for one in the root.
/// Works on any path; Foundation's `deletingLastPathComponent` crashes on some short ones.
public func folder(ofFile path: String) -> String {
  let bytes = Array(path.utf8)
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  // a//b: the folder is a.
  let end = bytes[...slash].lastIndex { $0 != UInt8(ascii: "/") }
  return end.map { String(decoding: bytes[...$0], as: UTF8.self) } ?? "/"
}
