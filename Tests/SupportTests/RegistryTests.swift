import Support
import Testing

@Suite("Registries")
struct RegistryTests {
  private func registry() -> Registry<String> {
    Registry("method", ["fedavg", "pfedla"]) { $0 }
  }

  @Test("what is added is found by its name, after what was there")
  func add() throws {
    let registry = registry()
    try registry.add("own-method-2")
    #expect(registry.all == ["fedavg", "pfedla", "own-method-2"])
    #expect(registry["own-method-2"] == "own-method-2")
    #expect(registry["other"] == nil)
  }

  @Test("a name that is taken is refused, and nothing is added")
  func taken() {
    let registry = registry()
    #expect(throws: RegistryError.self) { try registry.add("pfedla") }
    #expect(registry.names == ["fedavg", "pfedla"])
  }

  @Test(
    "a name that could not stand in a file's name is refused",
    arguments: ["", "../x", "Own", "a b", "-o", "ä"])
  func impossible(name: String) {
    let registry = registry()
    #expect(throws: RegistryError.self) { try registry.add(name) }
    #expect(registry.all.count == 2)
  }
}
