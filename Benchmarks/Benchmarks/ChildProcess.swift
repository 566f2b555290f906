import Foundation

/// A program that is run for its time or its memory.
struct ChildProcess {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let identifier: pid_t
  private let program: String

  /// Starts a program with its output thrown away. Throws `Failure` if it cannot be started.
  init(_ program: String, _ arguments: [String]) throws {
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    #if os(macOS)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
    }
    var identifier = pid_t()
    let status = posix_spawn(&identifier, program, &actions, nil, &words, environ)
    guard status == 0 else {
      throw Failure(
        description: "\(program): cannot start: \(String(cString: strerror(status)))")
    }
    self.identifier = identifier
    self.program = program
  }

  /// Waits for its end. Throws `Failure` if it failed.
  func wait() throws {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    try check(status)
  }

  /// Waits for its end and returns the most memory that it had resident, in bytes. Throws `Failure` if
  /// it failed.
  ///
  /// On Linux the kernel is asked again and again: what `getrusage` tells of a child counts the
  /// memory that its parent had when it was started.
  func peakMemory() throws -> Int {
    var peak = 0
    var status: Int32 = 0
    var usage = rusage()
    #if os(Linux)
      let path = "/proc/\(identifier)/status"
      while wait4(identifier, &status, WNOHANG, &usage) == 0 {
        if let text = try? String(contentsOfFile: path, encoding: .utf8),
          let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
          let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        {
          peak = max(peak, kibibytes << 10)
        }
        usleep(2000)
      }
    #else
      while wait4(identifier, &status, 0, &usage) < 0, errno == EINTR {}
      peak = Int(usage.ru_maxrss)
    #endif
    try check(status)
    return peak
  }

  private func check(_ status: Int32) throws {
    guard status == 0 else {
      throw Failure(description: "\(program): ended with status \(status)")
    }
  }
}
