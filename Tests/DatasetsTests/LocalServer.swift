import Foundation

/// A small HTTP server on the loopback, for one test: an ephemeral port, a connection a request.
final class LocalServer: @unchecked Sendable {
  struct Request: Sendable, Equatable {
    let path: String
    /// The first byte requested by a Range header.
    let rangeStart: Int?
  }

  struct Response: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Close the connection after this many bytes of the body, although the header promises all.
    var cutAfter: Int?

    /// The file, or its end if a range is requested.
    static func file(_ bytes: [UInt8], _ request: Request) -> Response {
      guard let start = request.rangeStart else { return Response(body: bytes) }
      guard start < bytes.count else {
        return Response(status: 416, headers: ["Content-Range": "bytes */\(bytes.count)"])
      }
      return Response(
        status: 206,
        headers: ["Content-Range": "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"],
        body: Array(bytes[start...]))
    }
  }

  let address: String
  private let listener: Int32
  private let answer: @Sendable (Request, Int) -> Response
  private let lock = NSLock()
  private var received: [Request] = []

  /// All requests so far.
  var requests: [Request] { lock.withLock { received } }

  /// `answer` gets each request and how many came before it.
  init(_ answer: @escaping @Sendable (Request, Int) -> Response) throws {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    let listener = socket(AF_INET, stream, 0)
    var local = sockaddr_in()
    local.sin_family = sa_family_t(AF_INET)
    local.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &local) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
    address = "http://127.0.0.1:\(UInt16(bigEndian: local.sin_port))/"
    self.listener = listener
    self.answer = answer
    Thread.detachNewThread { [self] in serve() }
  }

  /// Ends the serving thread, which keeps the server alive until then.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      handle(connection)
      close(connection)
    }
    close(listener)
  }

  private func handle(_ connection: Int32) {
    var head: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return }
      head += piece.prefix(count)
    }
    let text = String(decoding: head, as: UTF8.self)
    let path = text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    let rangeStart = text.firstMatch(of: /(?i)\r\nrange: bytes=(\d+)-\r\n/).flatMap { Int($0.1) }
    let request = Request(path: path, rangeStart: rangeStart)
    let number = lock.withLock {
      received.append(request)
      return received.count - 1
    }
    let response = answer(request, number)
    var lines = ["HTTP/1.1 \(response.status) Status", "Connection: close"]
    lines.append("Content-Length: \(response.body.count)")
    for (name, value) in response.headers.sorted(by: { $0.key < $1.key }) {
      lines.append("\(name): \(value)")
    }
    let header = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    send(header + response.body.prefix(response.cutAfter ?? response.body.count), to: connection)
  }

  private func send(_ bytes: [UInt8], to connection: Int32) {
    #if canImport(Glibc)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    var sent = 0
    bytes.withUnsafeBytes { bytes in
      while sent < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = Foundation.send(connection, rest.baseAddress, rest.count, flags)
        guard count > 0 else { return }
        sent += count
      }
    }
  }
}
