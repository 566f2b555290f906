import HDF5
import TestSupport
import Testing

@Suite struct DimensionTests {
  @Test func everyAxisIsLabelled() throws {
    try withReopenedFile { file in
      let round = try file.createDimension("round", values: [1, 2])
      let client = try file.createDimension("client", values: [0, 1, 2], storage: .compressed)
      let layer = try file.createDimension("layer", values: ["conv1", "fc"])
      try file.write("loss", [Float](repeating: 1, count: 6), axes: [round, client])
      try file.write("label", ["a", "b"], axes: [layer], storage: .compressed)
      let inner = try file.createGroup("aggregation").createGroup("inner")
      let source = try inner.createDimension("source_client", values: [0, 1, 2])
      let weights = try inner.createDataset(
        "weights", of: Float.self, axes: [client, layer, source], storage: .compressed)
      try weights.writeRows([Float](repeating: 0.5, count: 18), from: 0)
      try file.write("total", Float(1))
    } read: { file in
      try #expect(file.dataset("loss").axisNames() == ["round", "client"])
      try #expect(file.dataset("label").axisNames() == ["layer"])
      let weights = try file.dataset("aggregation/inner/weights")
      try #expect(weights.axisNames() == ["client", "layer", "source_client"])
      #expect(weights.shape == [3, 2, 3])
      try #expect(file.dataset("total").axisNames() == [])
      let layer = try file.dimension("layer")
      try #expect(layer.read(as: String.self) == ["conv1", "fc"])
      #expect(layer.name == "layer")
      try #expect(layer.axisNames() == [nil])
      // What netCDF readers go by.
      try #expect(file.dimension("aggregation/inner/source_client").count == 3)
      try #expect(file.dataset("client").hasAttribute("REFERENCE_LIST"))
      try #expect(file.dataset("client").hasAttribute("CLASS"))
    }
  }

  @Test func aGroupRepeatsDimensionsOfAGroupThatHoldsIt() throws {
    try withReopenedFile { file in
      let client = try file.createDimension("client", values: [4, 5])
      let group = try file.createGroup("aggregation")
      try group.link(client)
      try group.write("weights", [Float(1), 2], axes: [client])
      #expect(errorLine { try group.link(client) } != nil)
      let other = try file.createGroup("other")
      let inner = try other.createDimension("inner", values: [1])
      #expect(errorLine { try group.link(inner) } != nil)
      // A dataset of the same name that is another one counts.
      try other.write("client", [Int32(9), 9], shape: [2])
    } read: { file in
      try #expect(file.dimension("aggregation/client").read(as: Int32.self) == [4, 5])
      try #expect(file.dataset("aggregation/weights").axisNames() == ["client"])
      try #expect(
        file.numericDatasets().map(\.path)
          == ["/aggregation/weights", "/client", "/other/client", "/other/inner"])
      try #expect(
        file.group("aggregation").numericDatasets().map(\.path)
          == ["/aggregation/client", "/aggregation/weights"])
    }
  }

  @Test func seedsBeyond32Bits() throws {
    try withReopenedFile { file in
      _ = try file.createDimension("seed", longValues: [0, .max])
    } read: { file in
      try #expect(file.dimension("seed").read(as: Int64.self) == [0, .max])
    }
  }

  @Test func emptyDimensions() throws {
    try withReopenedFile { file in
      let none = try file.createDimension("none", values: [Int32]())
      let client = try file.createDimension("client", values: [0, 1])
      try file.write("x", [Float](), axes: [client, none], storage: .compressed)
    } read: { file in
      try #expect(file.dataset("x").shape == [2, 0])
      try #expect(file.dataset("x").axisNames() == ["client", "none"])
    }
  }

  @Test func aDimensionServesManyDatasets() throws {
    try withReopenedFile { file in
      let client = try file.createDimension("client", values: [0, 1])
      for index in 0..<200 { try file.write("x\(index)", [Int32(index), 0], axes: [client]) }
    } read: { file in
      for index in 0..<200 { try #expect(file.dataset("x\(index)").axisNames() == ["client"]) }
      try #expect(file.childNames().count == 201)
    }
  }

  @Test func badAxesAreRefusedBeforeAnythingIsWritten() throws {
    try withTemporaryFolder { folder in
      let other = try HDF5File.create(folder + "/other.h5")
      let foreign = try other.createDimension("client", values: [0])
      let file = try HDF5File.create(folder + "/file.h5")
      let client = try file.createDimension("client", values: [0, 1])
      let group = try file.createGroup("group")
      let sample = try group.createDimension("sample", values: [0, 1])
      let prefixed = try file.createGroup("group2")

      func line(_ group: HDF5Group, _ axes: [HDF5Dimension], count: Int) -> String? {
        errorLine { try group.write("x", [Float](repeating: 0, count: count), axes: axes) }
      }
      #expect(
        line(file, [client], count: 3)?.hasSuffix(
          "/file.h5: /x: found 3 values; expected 2, which fill the shape [2]") == true)
      #expect(
        line(file, [client, client], count: 4)?.hasSuffix(
          ": /x: the dimension client occurs twice; give the second axis its own dimension"
        ) == true)
      #expect(
        line(file, [sample], count: 2)?.hasSuffix(
          ": /x: the dimension /group/sample is elsewhere; expected one in / or in a group that "
            + "holds it") == true)
      #expect(line(prefixed, [sample], count: 2) != nil)
      #expect(
        line(file, [foreign], count: 1)?.hasSuffix(
          ": /x: the dimension /client belongs to another file or opening of it") == true)
      try #expect(!file.exists("x"))
      #expect(line(group, [client, sample], count: 4) == nil)
    }
  }

  @Test func anOrdinaryDatasetIsNoDimension() throws {
    try withReopenedFile {
      try $0.write("x", [Int32(1)], shape: [1])
    } read: { file in
      #expect(
        errorLine { _ = try file.dimension("x") }?.hasSuffix(
          ": /x: found a dataset of shape [1]; expected a dimension scale of one axis") == true)
    }
  }
}
