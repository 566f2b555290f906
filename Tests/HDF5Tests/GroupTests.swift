import HDF5
import Testing

@Suite struct GroupTests {
  @Test func childrenAreFoundByPathAndListedInOrder() throws {
    try withReopenedFile { file in
      let model = try file.createGroup("model")
      for name in ["fc2", "conv1", "conv2"] {
        try model.createGroup(name).write("bias", [Float(1)], shape: [1])
      }
      for index in 0..<40 { try file.write("x\(index)", Int32(index)) }
    } read: { file in
      try #expect(file.group("model").childNames() == ["conv1", "conv2", "fc2"])
      try #expect(file.childNames() == (["model"] + (0..<40).map { "x\($0)" }).sorted())
      try #expect(file.group("model/conv1").path == "/model/conv1")
      try #expect(file.group("model").group("conv1").dataset("bias").path == "/model/conv1/bias")
      try #expect(file.dataset("/model/conv1/bias").name == "bias")
      try #expect(file.group("/").childNames().count == 41)
      try #expect(file.exists("model/conv1/bias"))
      try #expect(!file.exists("model/conv9/bias"))
      try #expect(!file.exists("nothing"))
    }
  }

  @Test func whatIsMissingOrOtherwiseIsNamed() throws {
    try withReopenedFile {
      try $0.createGroup("a").write("x", Float(1))
    } read: { file in
      #expect(
        errorLine { _ = try file.dataset("a/y") }?.hasSuffix(
          "/file.h5: /a/y: found no object at /a/y; expected a dataset") == true)
      #expect(
        errorLine { _ = try file.dataset("b/c/y") }?.hasSuffix(
          ": /b/c/y: found no object at /b; expected a dataset") == true)
      #expect(
        errorLine { _ = try file.group("a/x") }?.hasSuffix(
          ": /a/x: found a dataset; expected a group") == true)
      #expect(
        errorLine { _ = try file.dataset("a") }?.hasSuffix(
          ": /a: found a group; expected a dataset")
          == true)
    }
  }

  @Test(arguments: ["", "1st", "_hidden", "a/b", "a b", "größe", "a\0", "."])
  func namesThatSomeReadersRefuseAreRefused(name: String) throws {
    try withReopenedFile { file in
      #expect(errorLine { _ = try file.createGroup(name) }?.contains("expected a letter") == true)
      #expect(errorLine { try file.write(name, Float(1)) } != nil)
      #expect(errorLine { _ = try file.createDimension(name, values: [1]) } != nil)
    } read: { file in
      try #expect(file.childNames() == [])
    }
  }

  @Test func aNameIsTakenOnce() throws {
    try withReopenedFile { file in
      try file.write("x", Float(1))
      let line = "/: cannot create x: the group already has an object of that name"
      #expect(errorLine { try file.write("x", Float(2)) }?.hasSuffix(line) == true)
      #expect(errorLine { _ = try file.createGroup("x") }?.hasSuffix(line) == true)
    } read: { file in
      try #expect(file.readValue("x") == Float(1))
    }
  }

  @Test func aFileOpenForReadingIsNotWritten() throws {
    try withReopenedFile {
      try $0.write("x", [Float(1)], shape: [1])
    } read: { file in
      #expect(errorLine { try file.write("y", Float(1)) }?.contains("/y: cannot create") == true)
      #expect(errorLine { try file.setAttribute("a", "b") }?.contains("cannot write") == true)
      #expect(
        errorLine { try file.dataset("x").writeRows([Float(2)], from: 0) }?.contains(
          "/x: cannot write the dataset (libhdf5: ") == true)
      try #expect(file.read("x") == [Float(1)])
    }
  }
}
