import Foundation
import Support
import Testing

@Suite("TensorBoard's event files")
struct TensorBoardEventsTests {
  /// Three events as TensorBoard 2.21's own writer has them: the file's version, a scalar, and two scalars.
  private static let golden = [
    "1800000000000000a37f4b220900000000004a93401a0d627261696e2e4576656e743a3265b8d3fb",
    "200000000000000029eda9500900000000004d934010032a130a110a0a747261696e5f6c6f7373150000403fa56f58d0",
    "4b000000000000008709999609000000000050934010ac022a3d0a1d0a16746573745f61636375726163792f72656365"
      + "69766564150000003f0a1c0a15746573745f61636375726163792f747261696e6564150000203f41b6f2b2",
  ].map(bytes)

  private static func bytes(_ hexadecimal: String) -> Data {
    var rest = hexadecimal[...]
    var data = Data()
    while !rest.isEmpty {
      data.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return data
  }

  @Test("the bytes are those of TensorBoard's writer")
  func bytes() {
    #expect(TensorBoardEvents.start(wallTime: 1234.5) == Self.golden[0])
    #expect(
      TensorBoardEvents.scalars(wallTime: 1235.25, step: 3, [("train_loss", 0.75)])
        == Self.golden[1])
    #expect(
      TensorBoardEvents.scalars(
        wallTime: 1236, step: 300,
        [("test_accuracy/received", 0.5), ("test_accuracy/trained", 0.625)]) == Self.golden[2])
  }

  @Test("events up to a step are kept, and none behind a damaged one")
  func kept() {
    let whole = Data(Self.golden.joined())
    let ends = [Self.golden[0].count, Self.golden[0].count + Self.golden[1].count, whole.count]
    for (step, end) in [(0, ends[0]), (2, ends[0]), (3, ends[1]), (299, ends[1]), (300, ends[2])] {
      #expect(TensorBoardEvents.kept(whole, upTo: step) == whole.prefix(end))
    }
    for count in ends[1]..<whole.count {
      #expect(TensorBoardEvents.kept(whole.prefix(count), upTo: 300) == whole.prefix(ends[1]))
    }
    for place in 0..<whole.count {
      var damaged = whole
      damaged[place] ^= 0x41
      let kept = TensorBoardEvents.kept(damaged, upTo: 300)
      let expected = place < ends[0] ? nil : whole.prefix(place < ends[1] ? ends[0] : ends[1])
      #expect(kept == expected, "byte \(place)")
    }
  }

  @Test(
    "a file of another kind is none", arguments: ["", "notes\n", String(repeating: "a", count: 99)])
  func others(_ text: String) {
    #expect(TensorBoardEvents.kept(Data(text.utf8), upTo: 9) == nil)
  }
}
