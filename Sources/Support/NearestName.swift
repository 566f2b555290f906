/// The name among `candidates` that is fewest edits (insert, delete, replace a character; ignoring
/// case) away from `name`, for "did you mean" lines. The first one wins a tie; `nil` when none is
/// within a third of the longer name's length (at least two edits).
///
/// Levenshtein's distance, by rows (Wagner and Fischer 1974, DOI 10.1145/321796.321811).
public func nearestName(to name: String, among candidates: [String]) -> String? {
  var best: (distance: Int, name: String)?
  let wanted = Array(name.lowercased())
  for candidate in candidates {
    let other = Array(candidate.lowercased())
    let distance = editDistance(wanted, other)
    guard distance <= max(2, max(wanted.count, other.count) / 3), distance < max(other.count, 1)
    else { continue }
    if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
  }
  return best?.name
}

/// `did you mean NAME?` for an error line; nil where no candidate is near enough.
/// - Parameter quoted: whether the name stands between quotes, as names do that may hold blanks.
public func suggestion(for name: String, among candidates: [String], quoted: Bool = false)
  -> String?
{
  nearestName(to: name, among: candidates).map {
    quoted ? "did you mean \"\($0)\"?" : "did you mean \($0)?"
  }
}

/// The same in brackets behind a blank; empty where no candidate is near enough.
public func bracketedSuggestion(
  for name: String, among candidates: [String], quoted: Bool = false
) -> String {
  suggestion(for: name, among: candidates, quoted: quoted).map { " (\($0))" } ?? ""
}

private func editDistance(_ first: [Character], _ second: [Character]) -> Int {
  var row = Array(0...second.count)
  for (i, a) in first.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in second.enumerated() {
      let replaced = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[second.count]
}
