import Support

/// An opaque colour, 8 bits per channel.
struct Colour: Equatable {
  let red: Int
  let green: Int
  let blue: Int

  /// A colour from 0xRRGGBB.
  init(_ value: Int) {
    red = value >> 16 & 255
    green = value >> 8 & 255
    blue = value & 255
  }

  static let ink = Colour(0x222222)
  static let softInk = Colour(0x666666)
  static let rule = Colour(0xDDDDDD)
  static let white = Colour(0xFFFFFF)

  /// `#rrggbb`.
  var hexadecimal: String {
    "#" + Support.hexadecimal([red, green, blue].map { UInt8(clamping: $0) })
  }

  /// Ink or white, whichever is easier to read on this colour.
  var contrasting: Colour {
    299 * red + 587 * green + 114 * blue > 120_000 ? .ink : .white
  }

  /// The colour `part` (0 to 1) of the way to `other`.
  func mixed(with other: Colour, part: Double) -> Colour {
    func mix(_ from: Int, _ to: Int) -> Int {
      Int((Double(from) + part * Double(to - from)).rounded())
    }
    return Colour(
      mix(red, other.red) << 16 | mix(green, other.green) << 8 | mix(blue, other.blue))
  }

  /// Ten colours that people with any colour vision can distinguish, for classes: the muted scheme of
  /// Paul Tol, *Colour schemes*, SRON technical note, 2021.
  static let classes = [
    0xCC6677, 0x332288, 0xDDCC77, 0x117733, 0x88CCEE, 0x882255, 0x44AA99, 0x999933, 0xAA4499,
    0xBBBBBB,
  ].map { Colour($0) }

  /// A scale from few (0) to many (1), from light to dark; lightness alone shows the order.
  static func scale(_ position: Double) -> Colour {
    let stops = [0xD9E8F5, 0x9ECAE1, 0x4292C6, 0x08519C, 0x062A5B].map { Colour($0) }
    let place = min(max(position, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    return stops[index].mixed(with: stops[index + 1], part: place - Double(index))
  }
}
