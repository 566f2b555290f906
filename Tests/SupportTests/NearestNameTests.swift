import Support
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("kittens", "kitties"), ("CIFAR10", "cifar10"), ("minst", "mnist"), ("cifar-10", "cifar10"),
  ])
  func findsANearName(name: String, nearest: String) {
    #expect(nearestName(to: name, among: ["mnist", "cifar10", "kitties"]) == nearest)
  }

  @Test func findsNothingFarAway() {
    #expect(nearestName(to: "imagenet", among: ["mnist", "cifar10"]) == nil)
    #expect(nearestName(to: "", among: ["a", "mnist"]) == nil)
    #expect(nearestName(to: "mnist", among: []) == nil)
  }

  @Test func theFirstOfEquallyNearNamesWins() {
    #expect(nearestName(to: "split", among: ["splat", "splitt", "spilt"]) == "splat")
  }

  @Test func suggestionsAreWordedForErrorLines() {
    #expect(suggestion(for: "minst", among: ["mnist"]) == "did you mean mnist?")
    #expect(
      bracketedSuggestion(for: "minst", among: ["mnist"], quoted: true)
        == " (did you mean \"mnist\"?)")
    #expect(suggestion(for: "imagenet", among: ["mnist"]) == nil)
    #expect(bracketedSuggestion(for: "imagenet", among: ["mnist"]).isEmpty)
  }

  @Test func bytesAreSpelledInHexadecimal() {
    #expect(hexadecimal([0, 10, 255]) == "000aff")
    #expect(spelled([0x1F, 0x8B]) == "1f 8b")
  }
}
