import Foundation

/// Downloads published datasets: with resume, checked against the published digests, and put in
/// place only when complete.
public struct Fetcher: Sendable {
  /// What a fetch is doing.
  public enum Progress: Sendable, Equatable {
    /// A file with the right digest is present and is skipped.
    case present(file: String)
    /// `received` bytes of `total` (if the server states it) are on the disk.
    case downloading(file: String, received: Int, total: Int?)
    /// The digest is being computed.
    case checking(file: String)
    /// An archive is being unpacked.
    case unpacking(file: String)
    /// A file got its final name.
    case placed(file: String)
  }

  /// The datasets folder.
  public let folder: String
  /// The address to fetch from instead of the publisher's; the file names stay.
  public let mirror: String?
  /// Called from any thread while the fetch runs.
  private let progress: @Sendable (Progress) -> Void

  /// A fetcher into the datasets folder `folder`, which is created when needed.
  ///
  /// - Parameters:
  ///   - folder: the datasets folder.
  ///   - mirror: a base address to which the published file names are added; `nil` for the
  ///     publisher's own.
  ///   - progress: called from any thread.
  public init(
    folder: String, mirror: String? = nil,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.folder = folder
    self.mirror = mirror
    self.progress = progress
  }

  /// Downloads all published files of a dataset into its folder; files with the right digest are left
  /// alone and damaged ones are replaced.
  ///
  /// An archive that several datasets share is unpacked for all of them.
  ///
  /// Throws `DatasetError`: unknownName, refused (the folder holds synthetic files), network,
  /// interrupted (run again to resume), checksum or system.
  public func fetch(_ name: String) async throws {
    let entry = try DatasetCatalogue.entry(named: name)
    try await fetch(entry, sharing: DatasetCatalogue.all)
  }

  /// `entries` are those whose files an archive may hold beside this dataset's.
  package func fetch(_ entry: DatasetDescription, sharing entries: [DatasetDescription] = [])
    async throws
  {
    let location = DatasetFolder(folder)
    guard !location.isSynthetic(entry) else {
      throw DatasetError(
        .refused,
        "\(location.folder(of: entry)): contains synthetic files, expected published ones or none; "
          + "remove the folder or give another one with --datasets")
    }
    try FileSystem.createFolder(location.folder(of: entry))
    switch entry.source {
    case .files(let baseAddress):
      for file in entry.files {
        try await fetch(file, of: entry, from: baseAddress, into: location)
      }
    case .archive(let archive):
      var files = entry.files
      for other in entries where other.name != entry.name && other.source == entry.source {
        files += other.files
      }
      try await fetch(files, from: archive, for: entry, into: location)
    }
  }

  // MARK: Single files

  private func fetch(
    _ file: PublishedFile, of entry: DatasetDescription, from baseAddress: String,
    into location: DatasetFolder
  ) async throws {
    let old = location.locate(file, of: entry)
    if let old, let expected = file.sha256,
      (try? ContentReader.sha256(ofContent: old, remedy: entry.remedy)) == expected
    {
      progress(.present(file: file.name))
      return
    }
    let name = file.name + ".gz"
    let target = "\(location.folder(of: entry))/\(name)"
    let part = target + ".part"
    try await download(name, from: baseAddress, to: part, mostBytes: Self.mostBytes(of: entry))
    if let expected = file.gzipSHA256 {
      try check(part, name, expected: expected, "SHA-256", FileDigest.sha256)
    }
    try place(part, as: name, file, in: location.folder(of: entry))
  }

  // MARK: Archives

  private func fetch(
    _ files: [PublishedFile], from archive: PublishedArchive, for entry: DatasetDescription,
    into location: DatasetFolder
  ) async throws {
    if DatasetVerification(of: entry, in: location).isComplete {
      for file in entry.files { progress(.present(file: file.name)) }
      return
    }
    let target = "\(location.folder(of: entry))/\(archive.fileName)"
    // The complete archive is still there if unpacking it failed.
    if try !FileSystem.isFile(target) || FileDigest.md5(ofFile: target) != archive.md5 {
      let base = archive.address.dropLast(archive.fileName.count)
      try await download(
        archive.fileName, from: String(base), to: target + ".part", mostBytes: archive.mostBytes)
      try check(
        target + ".part", archive.fileName, expected: archive.md5, "MD5", FileDigest.md5)
      try FileSystem.move(target + ".part", to: target)
    }

    progress(.unpacking(file: archive.fileName))
    let unpacked = "\(location.folder(of: entry))/.unpacked"
    FileSystem.remove(unpacked)
    defer { FileSystem.remove(unpacked) }
    let names = files.map { $0.name + archive.memberSuffix }
    try Unpacking.unpack(names, of: archive, at: target, into: unpacked)
    var digests: [String: String] = [:]
    for (file, name) in zip(files, names) {
      let found = try ContentReader.sha256(
        ofContent: "\(unpacked)/\(name)", remedy: entry.remedy)
      guard let expected = file.sha256 else {
        digests[file.name] = found
        continue
      }
      guard found == expected else {
        throw DatasetError(
          .checksum,
          "\(name) in \(target): SHA-256 of its content \(found), expected \(expected); remove the "
            + "archive and fetch again")
      }
    }
    for (file, name) in zip(files, names) {
      try place("\(unpacked)/\(name)", as: name, file, in: location.folder(of: entry))
    }
    if !digests.isEmpty { try FetchedDigests.add(digests, in: location.folder(of: entry)) }
    FileSystem.remove(target)
  }

  // MARK: Parts

  /// Bytes that no single file of a dataset exceeds: all its images and labels, compressed or not.
  private static func mostBytes(of entry: DatasetDescription) -> Int {
    let images = entry.splits.reduce(0) { $0 + $1.imageCount }
    return images * (entry.imageByteCount + 8) + (1 << 20)
  }

  private func download(
    _ name: String, from baseAddress: String, to part: String, mostBytes: Int
  ) async throws {
    let base = mirror ?? baseAddress
    let address = base.hasSuffix("/") ? base + name : "\(base)/\(name)"
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme) else {
      throw DatasetError(
        .network, "\(address): not an address; expected http://… or https://… in --mirror")
    }
    let progress = progress
    try await Download(address: url, partPath: part, mostBytes: mostBytes) { received, total in
      progress(.downloading(file: name, received: received, total: total))
    }.run()
  }

  /// Gives a checked file its final name.
  private func place(
    _ path: String, as name: String, _ file: PublishedFile, in folder: String
  ) throws {
    try FileSystem.move(path, to: "\(folder)/\(name)")
    // A damaged file with another accepted name would hide the new one.
    for other in file.acceptedNames where other != name {
      FileSystem.remove("\(folder)/\(other)")
    }
    progress(.placed(file: name))
  }

  /// Removes a downloaded file whose digest is wrong and throws.
  private func check(
    _ part: String, _ name: String, expected: String, _ kind: String,
    _ digest: (String) throws -> String
  ) throws {
    progress(.checking(file: name))
    let found = try digest(part)
    guard found == expected else {
      FileSystem.remove(part)
      throw DatasetError(
        .checksum,
        "\(name): the download has \(kind) \(found), expected \(expected); it was removed. Run the "
          + "same command again, or give another address with --mirror")
    }
  }
}
