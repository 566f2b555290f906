import Support

/// The outputs of a sweep's results: tables, CSV files and pictures.
public struct ReportSection: Sendable {
  /// A picture, as files in the section's folder.
  public struct Picture: Sendable {
    /// What it shows, in a sentence.
    public let caption: String
    /// The name of its files without their endings.
    public let name: String
    /// Whether it shows contrasts, which come before all other pictures of a page.
    public let isContrast: Bool

    /// A picture in files of the section's folder.
    public init(caption: String, name: String, isContrast: Bool = false) {
      self.caption = caption
      self.name = name
      self.isContrast = isContrast
    }
  }

  /// The sweep's name; its files are in the folder of that name.
  public var name: String
  /// What it shows.
  public var title: String
  /// The table for the first screen of the page; nil for none.
  public var overview: AccuracyOverview?
  /// Tables in order.
  public var tables: [ReportTable] = []
  /// Pictures in order.
  public var pictures: [Picture] = []
  /// The names of the files written for machines.
  public var files: [String] = []
  /// What a reader must know, in plain words.
  public var notes: [String] = []
  /// Why pictures are missing, a line each.
  public internal(set) var missingPictures: [String] = []
  /// What is wrong with the results: files that could not be used, runs that do not belong together.
  public var problems: [String] = []

  /// A section; what is not given is empty.
  public init(
    name: String, title: String, overview: AccuracyOverview? = nil, tables: [ReportTable] = [],
    pictures: [Picture] = [],
    files: [String] = [], notes: [String] = [], problems: [String] = []
  ) {
    self.name = name
    self.title = title
    self.overview = overview
    self.tables = tables
    self.pictures = pictures
    self.files = files
    self.notes = notes
    self.problems = problems
  }
}

extension ReportSection {
  /// Writes a picture's numbers and the picture, or notes why there is none.
  mutating func add(
    _ picture: PanelPicture, caption: String, numbers: CSV, name: String, to folder: String,
    isContrast: Bool = false
  ) throws {
    try makeFolder(folder)
    try numbers.write(to: "\(folder)/\(name).csv")
    files.append("\(name).csv")
    if let problem = picture.write(to: folder, name: name) {
      note(problem)
      if !missingPictures.contains(problem) { missingPictures.append(problem) }
    } else {
      pictures.append(Picture(caption: caption, name: name, isContrast: isContrast))
    }
  }

  /// Adds a note unless it is present already.
  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }
}
