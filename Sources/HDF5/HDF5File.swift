import CHDF5
import Foundation

/// An HDF5 file, which is also its root group.
///
/// Written so that libhdf5 1.8 and everything since read it, and that the same calls give the same
/// bytes: no times are stored. It closes when it and all its objects are released, or by `close()`;
/// only the latter reports a failure, such as a full disk.
public final class HDF5File: HDF5Group {
  /// Creates a file to write to.
  ///
  /// A reader may see it half-written: use `writeAtomically(to:overwrite:_:)` for results.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - overwrite: Whether a file of that name is emptied first.
  /// - Throws: `HDF5Error` if the file exists and must not be overwritten, is open already, or
  ///   its folder is missing or not writable.
  public static func create(_ path: String, overwrite: Bool = false) throws -> HDF5File {
    try checkFolder(of: path)
    try checkTarget(path, overwrite: overwrite)
    return try create(
      path, reportedAs: path, mode: overwrite ? chdf5_truncate() : chdf5_exclusive())
  }

  /// Creates the file `path`, which error lines call `name`.
  static func create(_ path: String, reportedAs name: String, mode: UInt32) throws -> HDF5File {
    try withLibrary {
      let failure = "cannot create the file"
      let creation = try checkStatus(
        H5Pcreate(chdf5_file_create_class()), failure, file: name, object: nil)
      defer { H5Pclose(creation) }
      try checkStatus(chdf5_prepare_group(creation), failure, file: name, object: nil)
      return try open(reportedAs: name, failure: failure) { H5Fcreate(path, mode, creation, $0) }
    }
  }

  /// Whether the file was written sealed, and is as it was written: see `Seal`.
  public private(set) var isSealed = false

  /// Opens a file to read from.
  ///
  /// A file that was written sealed is only opened if every bit of it is as it was: libhdf5 1.10 trusts the
  /// heap that text lies in, and may end the process where it is damaged. In a file without a seal, truncation and
  /// damaged headers are noticed here or when an object is opened, damaged compressed data when they are read.
  /// Nothing outside the file is read: links to other places, values in other files and filters from other
  /// libraries are refused.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - takesAnyVersion: whether the file may have a newer format than this module writes, as h5py's
  ///     `libver="latest"` gives it.
  /// - Throws: `HDF5Error` if it is missing, no regular file, no HDF5 file, truncated or damaged.
  public static func openForReading(_ path: String, takesAnyVersion: Bool = false) throws
    -> HDF5File
  {
    let start = try FileStart(of: path)
    guard start.isHDF5 else {
      throw HDF5Error(file: path, "found no HDF5 signature; expected an HDF5 file")
    }
    if start.isSealed { try checkSeal(of: path) }
    let file = try open(
      reportedAs: path, failure: "cannot open the file, which is truncated or damaged"
    ) {
      if takesAnyVersion { chdf5_take_any_version($0) }
      return H5Fopen(path, chdf5_read_only(), $0)
    }
    file.isSealed = start.isSealed
    return file
  }

  /// Whether there is a regular file at `path` with the signature of HDF5. False if it cannot be read.
  public static func isHDF5(_ path: String) -> Bool {
    (try? FileStart(of: path).isHDF5) ?? false
  }

  /// Hands everything written so far to the operating system; a process that is killed afterwards
  /// leaves a readable file.
  ///
  /// - Throws: `HDF5Error` where writing fails, as on a full disk.
  public func flush() throws {
    try file.use {
      _ = try check(H5Fflush(file.identifier, H5F_SCOPE_GLOBAL), "cannot write the file")
    }
  }

  /// Closes the file; its objects are unusable afterwards. Closing again does nothing.
  ///
  /// - Throws: `HDF5Error` where writing fails, as on a full disk.
  public func close() throws { try file.close() }

  /// The number of this file's objects, itself included, that libhdf5 holds open.
  package func openObjectCount() throws -> Int {
    try file.use {
      try check(
        H5Fget_obj_count(file.identifier, chdf5_all_objects()),
        "cannot count the open objects")
    }
  }

  /// Opens a file by `body`, which is given the access properties.
  static func open(
    reportedAs path: String, failure: String, _ body: (hid_t) -> hid_t
  ) throws -> HDF5File {
    try withLibrary {
      func check<Status: SignedInteger>(_ status: Status) throws -> Status {
        try checkStatus(status, failure, file: path, object: nil)
      }
      let access = try check(H5Pcreate(chdf5_file_access_class()))
      defer { H5Pclose(access) }
      _ = try check(H5Pset_fclose_degree(access, H5F_CLOSE_STRONG))
      _ = try check(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18))
      _ = try check(chdf5_set_no_locking(access))
      let file = OpenFile(path: path, identifier: try check(body(access)))
      let root = try check(H5Gopen2(file.identifier, "/", chdf5_default()))
      return HDF5File(file: file, identifier: root, path: "/")
    }
  }
}
