/// The megabyte of every table, picture and CSV file of results: 2^20 bytes, as the paper's Table 3 has it
/// by its numbers.
enum Megabyte {
  static let bytes = 1_048_576.0
}
