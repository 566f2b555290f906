import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Downloads one address into a file that keeps what arrived when the connection breaks, so that
/// the next attempt resumes from there (HTTP Range, RFC 9110 section 14).
struct Download {
  let address: URL
  /// The path of the unfinished file.
  let partPath: String
  /// Bytes that the file has at most.
  let mostBytes: Int
  /// Called with the bytes that have arrived and, if the server says so, how many there will be.
  let progress: @Sendable (_ received: Int, _ total: Int?) -> Void

  /// Returns when the whole file is at `partPath`, written to the disk.
  ///
  /// Throws `DatasetError`: network, interrupted, system, or refused if another process writes the
  /// file.
  func run() async throws {
    let file = try OutputFile(path: partPath)
    defer { file.close() }
    do {
      try await run(into: file)
    } catch {
      if (try? file.byteCount()) == 0 { FileSystem.remove(partPath) }
      throw error
    }
  }

  private func run(into file: OutputFile) async throws {
    let present = try file.byteCount()
    do {
      try await transfer(to: file, from: present)
    } catch Transfer.Failure.rangeRefused where present > 0 {
      // The partial file is longer than the server's, so it is not its beginning.
      try await transfer(to: file, from: 0)
    } catch Transfer.Failure.rangeRefused {
      throw DatasetError(
        .network, "\(address.absoluteString): HTTP status 416 to a request for the whole file")
    }
    try file.synchronise()
  }

  private func transfer(to file: OutputFile, from start: Int) async throws {
    try file.truncate(to: start)
    var request = URLRequest(url: address)
    // A compressed transfer would be decompressed on the way: the bytes must come as published.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if start > 0 { request.setValue("bytes=\(start)-", forHTTPHeaderField: "Range") }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = Transfer.stallSeconds
    configuration.urlCache = nil

    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let transfer = Transfer(
      file: file, address: address, start: start, mostBytes: mostBytes, progress: progress)
    let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: queue)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    let watch = DispatchSource.makeTimerSource()
    watch.schedule(deadline: .now() + 5, repeating: 5)
    watch.setEventHandler { queue.addOperation { transfer.checkTime(task) } }
    watch.resume()
    defer { watch.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        transfer.continuation = continuation
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
  }
}

/// The receiving end of one request. All callbacks come from one serial queue, after
/// `continuation` is set.
private final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  enum Failure: Error {
    case rangeRefused
  }

  var continuation: CheckedContinuation<Void, any Error>?
  private let file: OutputFile
  private let address: URL
  private let start: Int
  private let progress: @Sendable (Int, Int?) -> Void
  private let mostBytes: Int
  private var received: Int
  private var total: Int?
  private var hasAnswer = false
  private let started = ContinuousClock.now
  private var lastProgress = ContinuousClock.now

  /// Without a byte for so long, a transfer is given up; what arrived is kept.
  static let stallSeconds = 60.0
  /// No transfer takes longer.
  private static let mostTime = Duration.seconds(12 * 3600)
  private var failure: (any Error)?
  private var isComplete = false

  init(
    file: OutputFile, address: URL, start: Int, mostBytes: Int,
    progress: @escaping @Sendable (Int, Int?) -> Void
  ) {
    self.mostBytes = mostBytes
    self.file = file
    self.address = address
    self.start = start
    self.progress = progress
    received = start
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    do {
      try accept(response)
      progress(received, total)
    } catch {
      failure = error
    }
    completionHandler(failure == nil && !isComplete ? .allow : .cancel)
  }

  /// Gives up a transfer that stalls or takes too long, as a broken connection.
  func checkTime(_ task: URLSessionTask) {
    let now = ContinuousClock.now
    guard now - lastProgress > .seconds(Self.stallSeconds) || now - started > Self.mostTime else {
      return
    }
    guard failure == nil, !isComplete else { return }
    failure = broken
    task.cancel()
  }

  /// Nobody is asked for a password: the answer itself says what is wrong.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    let method = challenge.protectionSpace.authenticationMethod
    let asksForPassword = [
      NSURLAuthenticationMethodHTTPBasic, NSURLAuthenticationMethodHTTPDigest,
      NSURLAuthenticationMethodDefault,
    ].contains(method)
    if asksForPassword {
      failure = refused(status: 401)
      completionHandler(.cancelAuthenticationChallenge, nil)
    } else {
      completionHandler(.performDefaultHandling, nil)
    }
  }

  private func refused(status: Int) -> DatasetError {
    DatasetError(
      .network,
      "\(address.absoluteString): HTTP status \(status), expected 200; the address "
        + "may have moved: give another one with --mirror")
  }

  /// The error for a transfer that ended before its end.
  private var broken: DatasetError {
    let whole = total.map { " of \($0)" } ?? ""
    return DatasetError(
      .interrupted,
      "\(address.absoluteString): the connection broke after \(received)\(whole) bytes; they "
        + "are kept: run the same command again to resume")
  }

  /// Throws if the file would have more bytes than published.
  private func requireSize(_ count: Int) throws {
    guard count > mostBytes else { return }
    try file.truncate(to: 0)
    throw DatasetError(
      .network,
      "\(address.absoluteString): sends \(total == nil ? "more than \(mostBytes)" : "\(count)") bytes, "
        + "expected at most \(mostBytes); nothing was kept: give another address with --mirror")
  }

  private func accept(_ response: URLResponse) throws {
    guard let response = response as? HTTPURLResponse else {
      throw DatasetError(
        .network, "\(address.absoluteString): not an HTTP response; give an http or https address")
    }
    hasAnswer = true
    let encoding = response.value(forHTTPHeaderField: "Content-Encoding") ?? "identity"
    guard encoding == "identity" || response.statusCode >= 400 else {
      throw DatasetError(
        .network,
        "\(address.absoluteString): sends the file with the encoding \(encoding), expected its bytes as "
          + "published; give another address with --mirror")
    }
    switch response.statusCode {
    case 206:
      let range = response.value(forHTTPHeaderField: "Content-Range")
      guard let (first, whole) = range.flatMap(contentRange), first == start else {
        throw DatasetError(
          .network,
          "\(address.absoluteString): sent range \"\(range ?? "none")\", expected bytes "
            + "from \(start); try again, or another address with --mirror")
      }
      total = whole
    case 200:
      // The server takes no ranges and sends the file from its beginning.
      try file.truncate(to: 0)
      received = 0
      total = response.expectedContentLength >= 0 ? Int(response.expectedContentLength) : nil
    case 416:
      let whole = response.value(forHTTPHeaderField: "Content-Range").flatMap(unsatisfiedRange)
      guard whole == start else { throw Failure.rangeRefused }
      total = whole
      isComplete = true
    default: throw refused(status: response.statusCode)
    }
    if let total { try requireSize(total) }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil, !isComplete, hasAnswer else { return }
    do {
      lastProgress = .now
      try requireSize(received + data.count)
      try data.withUnsafeBytes { try file.write($0) }
      received += data.count
      progress(received, total)
    } catch {
      failure = error
      dataTask.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    if let failure {
      continuation?.resume(throwing: failure)
    } else if isComplete || (error == nil && hasAnswer && received == total ?? received) {
      continuation?.resume()
    } else if (error as? URLError)?.code == .cancelled {
      continuation?.resume(throwing: CancellationError())
    } else if hasAnswer {
      continuation?.resume(throwing: broken)
    } else {
      let reason = (error?.localizedDescription ?? "no response")
        .split(whereSeparator: \.isNewline).joined(separator: " ")
      continuation?.resume(
        throwing: DatasetError(
          .network,
          "\(address.absoluteString): cannot be reached (\(reason)); check the network, or give "
            + "another address with --mirror"))
    }
    continuation = nil
  }
}

/// First byte and whole length of "bytes 10-99/100"; the length is `nil` for "*".
private func contentRange(_ text: String) -> (first: Int, whole: Int?)? {
  guard let match = text.wholeMatch(of: /bytes (\d+)-\d+\/(\d+|\*)/), let first = Int(match.1)
  else { return nil }
  return (first, Int(match.2))
}

/// The whole length of "bytes */100".
private func unsatisfiedRange(_ text: String) -> Int? {
  text.wholeMatch(of: /bytes \*\/(\d+)/).flatMap { Int($0.1) }
}
