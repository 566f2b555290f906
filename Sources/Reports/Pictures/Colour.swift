import Foundation
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
  static let black = Colour(0x000000)

  /// `#rrggbb`.
  var hexadecimal: String {
    "#" + Support.hexadecimal([red, green, blue].map { UInt8(clamping: $0) })
  }

  /// Black or white, whichever has the higher contrast on this colour: at least 4.5 on any.
  var contrasting: Colour {
    contrast(with: .black) >= contrast(with: .white) ? .black : .white
  }

  /// The contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio).
  func contrast(with other: Colour) -> Double {
    let (first, second) = (luminance, other.luminance)
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)
  }

  /// Relative luminance (WCAG 2.2), from 0 (black) to 1 (white).
  private var luminance: Double {
    func linear(_ channel: Int) -> Double {
      let value = Double(channel) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
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
    return between(stops, position: position)
  }

  /// The colour at a position (0 to 1) along colours at equal steps, at least one.
  static func between(_ colours: [Colour], position: Double) -> Colour {
    guard colours.count > 1 else { return colours.first ?? .white }
    let place = min(max(position, 0), 1) * Double(colours.count - 1)
    let index = min(Int(place), colours.count - 2)
    return colours[index].mixed(with: colours[index + 1], part: place - Double(index))
  }
}
