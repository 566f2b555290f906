import Support

/// ` (did you mean "…"?)` for an error line, or nothing.
func suggestion(for name: String, among candidates: [String]) -> String {
  nearestName(to: name, among: candidates).map { " (did you mean \"\($0)\"?)" } ?? ""
}
