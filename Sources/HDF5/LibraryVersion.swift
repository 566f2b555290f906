import CHDF5

extension HDF5File {
  /// The version of the HDF5 library in use, such as "HDF5 1.10.8".
  public static var libraryVersion: String {
    withLibrary {
      var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
      H5get_libversion(&major, &minor, &release)
      return "HDF5 \(major).\(minor).\(release)"
    }
  }
}
