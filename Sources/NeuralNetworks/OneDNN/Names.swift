import COneDNN

/// The name of an argument of an operation.
struct OperationArgument: Sendable, Hashable {
  let raw: Int32

  static let source = OperationArgument(raw: DNNL_ARG_SRC)
  static let weights = OperationArgument(raw: DNNL_ARG_WEIGHTS)
  static let bias = OperationArgument(raw: DNNL_ARG_BIAS)
  static let result = OperationArgument(raw: DNNL_ARG_DST)
  static let mean = OperationArgument(raw: DNNL_ARG_MEAN)
  static let variance = OperationArgument(raw: DNNL_ARG_VARIANCE)
  static let scale = OperationArgument(raw: DNNL_ARG_SCALE)
  static let shift = OperationArgument(raw: DNNL_ARG_SHIFT)
  /// What a forward operation leaves for its backward one.
  static let workspace = OperationArgument(raw: DNNL_ARG_WORKSPACE)
  static let scratchpad = OperationArgument(raw: DNNL_ARG_SCRATCHPAD)
  static let sourceGradient = OperationArgument(raw: DNNL_ARG_DIFF_SRC)
  static let weightsGradient = OperationArgument(raw: DNNL_ARG_DIFF_WEIGHTS)
  static let biasGradient = OperationArgument(raw: DNNL_ARG_DIFF_BIAS)
  static let resultGradient = OperationArgument(raw: DNNL_ARG_DIFF_DST)
  static let scaleGradient = OperationArgument(raw: DNNL_ARG_DIFF_SCALE)
  static let shiftGradient = OperationArgument(raw: DNNL_ARG_DIFF_SHIFT)
}

/// Something whose format a primitive has chosen.
struct ChosenFormat: Sendable {
  let raw: dnnl_query_t

  static let source = ChosenFormat(raw: dnnl_query_src_md)
  static let weights = ChosenFormat(raw: dnnl_query_weights_md)
  static let result = ChosenFormat(raw: dnnl_query_dst_md)
  static let weightsGradient = ChosenFormat(raw: dnnl_query_diff_weights_md)
  static let workspace = ChosenFormat(raw: dnnl_query_workspace_md)
  static let scratchpad = ChosenFormat(raw: dnnl_query_scratchpad_md)
}

/// A memory format in blocks, as vectors want it. Axes are a, b, c, d in the order of the shape.
struct MemoryFormat: Sendable {
  let raw: dnnl_format_tag_t

  /// Images with their channels in blocks of 8.
  static let channelsBy8 = MemoryFormat(raw: dnnl_aBcd8b)
  /// Images with their channels in blocks of 16.
  static let channelsBy16 = MemoryFormat(raw: dnnl_aBcd16b)
  /// The first axis (samples, or output channels of a weight) in blocks of 16.
  static let firstBy16 = MemoryFormat(raw: dnnl_Abcd16a)
  /// A convolution's weight with both channel axes in blocks of 16.
  static let channelPairsBy16 = MemoryFormat(raw: dnnl_ABcd16b16a)
  /// A fully connected layer's weight with both axes in blocks of 16.
  static let matrixBy16 = MemoryFormat(raw: dnnl_AB16b16a)
}

/// The formats that keep channels in blocks, as vectors of that length want them.
let blockedFormats: [(block: Int, format: MemoryFormat)] = [(16, .channelsBy16), (8, .channelsBy8)]
