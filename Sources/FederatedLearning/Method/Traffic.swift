/// Bytes sent by one client's participation, at four bytes a value.
public struct Traffic: Sendable, Hashable {
  /// Client to server.
  public var uplink: Int
  /// Server to client.
  public var downlink: Int

  /// Bytes up and down.
  public init(uplink: Int, downlink: Int) {
    self.uplink = uplink
    self.downlink = downlink
  }
}
