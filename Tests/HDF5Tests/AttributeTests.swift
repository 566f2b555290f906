import HDF5
import Testing

@Suite struct AttributeTests {
  @Test func everyTypeComesBack() throws {
    let long = (0..<20_000).map { "item \($0)" }
    try withReopenedFile { file in
      let group = try file.createGroup("group")
      for object in [file, group, try group.write("x", Float(1))] as [HDF5Object] {
        try object.setAttribute("text", "Größe ✓")
        try object.setAttribute("nothing", "")
        try object.setAttribute("list", ["a", "", "ü"])
        try object.setAttribute("empty", [String]())
        try object.setAttribute("long", long)
        try object.setAttribute("int32", Int32.min)
        try object.setAttribute("int64", Int64.max)
        try object.setAttribute("double", 0.1)
        try object.setAttribute("float", Float(0.1))
        try object.setAttribute("numbers", [Int32(3), 4])
      }
    } read: { file in
      let objects: [HDF5Object] = [file, try file.group("group"), try file.dataset("group/x")]
      for object in objects {
        try #expect(object.attribute("text") == "Größe ✓")
        try #expect(object.attribute("nothing") == "")
        try #expect(object.attributes("list") == ["a", "", "ü"])
        try #expect(object.attributes("empty", as: String.self) == [])
        try #expect(object.attributes("long") == long)
        try #expect(object.attribute("int32") == Int32.min)
        try #expect(object.attribute("int64") == Int64.max)
        try #expect(object.attribute("double") == 0.1)
        try #expect(object.attribute("float") == Float(0.1))
        try #expect(object.attributes("numbers") == [Int32(3), 4])
        try #expect(
          object.attributeNames() == [
            "double", "empty", "float", "int32", "int64", "list", "long", "nothing", "numbers",
            "text",
          ])
      }
    }
  }

  /// More attributes than an object header holds, replaced and replaced again, on a dimension scale,
  /// whose own attributes libhdf5 rewrites meanwhile.
  @Test func fortyAttributesReplaced() throws {
    try withReopenedFile { file in
      let client = try file.createDimension("client", values: [0])
      for pass in 0..<3 {
        for index in 0..<40 { try client.setAttribute("a\(index)", "\(pass) \(index)") }
        try file.write("x\(pass)", [Float(1)], axes: [client])
      }
      try client.setAttribute("a7", Int32(7))
    } read: { file in
      let client = try file.dimension("client")
      try #expect(client.attributeNames() == (0..<40).map { "a\($0)" }.sorted())
      for index in 0..<40 where index != 7 {
        try #expect(client.attribute("a\(index)") == "2 \(index)")
      }
      try #expect(client.attribute("a7") == Int32(7))
      for pass in 0..<3 { try #expect(file.dataset("x\(pass)").axisNames() == ["client"]) }
    }
  }

  @Test func whatIsMissingOrOtherwiseIsNamed() throws {
    try withReopenedFile { file in
      try file.setAttribute("list", ["a", "b"])
      #expect(
        errorLine { try file.setAttribute("bad name", "x") }?.contains("\"bad name\"") == true)
      #expect(errorLine { try file.setAttribute("", "x") } != nil)
      #expect(
        errorLine { try file.setAttribute("title", "a\0b") }?.contains("the attribute title")
          == true)
    } read: { file in
      #expect(
        errorLine { _ = try file.attribute("seed", as: Int32.self) }?.hasSuffix(
          "/file.h5: /: found no attribute seed; expected one (32-bit integer)") == true)
      #expect(
        errorLine { _ = try file.attributes("list", as: Int32.self) }?.hasSuffix(
          ": /: the attribute list is a variable-length string; expected a 32-bit integer") == true)
      #expect(
        errorLine { _ = try file.attribute("list", as: String.self) }?.hasSuffix(
          ": /: the attribute list holds 2 values; expected a single one") == true)
      try #expect(!file.hasAttribute("title"))
    }
  }
}
