/// A small tuning sweep on the fixtures' synthetic images.
package enum SmallTuning {
  /// Two methods with two trials each on the fixtures' images.
  package static func text(
    grids: String = "{local: {learning_rate: [default, 0.05]}, "
      + "fedper: [{methods.fedper.personal_layers: 1}, {methods.fedper.personal_layers: 2, momentum: 0.5}]}",
    heldOut: String = "0.3", report: String = "tuning", more: String = ""
  ) -> String {
    """
    name: small-tune
    report: \(report)
    base:
      dataset: {name: cifar10, splits: [train]}
      partition: {scheme: classes-per-client, clients: 3, classes_per_client: 3, samples_per_client: 30}
      model: {batch_normalisation: false}
      held_out_share: \(heldOut)
      rounds: 2
      local_epochs: 1
      batch_size: 8
      saved_models: none
    axes:
      method: [local, fedper]
      seed: [0]
    \(grids.isEmpty ? "" : "grids: \(grids)")
    profiles:
      full: {summary: all}
    \(more)
    """
  }
}
