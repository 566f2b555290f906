import Experiments
import FederatedLearning
import Foundation

#if PFEDLA_MPI
  import MessagePassing
#endif

/// The processes that mpirun has started to share one run.
enum Ranks {
  /// What OpenMPI and MPICH, and those that are made of them, give every process that they start.
  private static let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]

  /// How many processes mpirun has started; nil without it.
  static func launchedCount(_ environment: [String: String] = ProcessInfo.processInfo.environment)
    -> Int?
  {
    variables.lazy.compactMap { environment[$0].flatMap(Int.init) }.first
  }

  /// This process among those that share the run; nil for a single one.
  /// - Throws: `SpecificationError` if there are several, but the program was built without MPI;
  ///   `MPITransport.StartError` if MPI does not start.
  static func group(workerCount: Int) throws -> RankGroup? {
    guard let count = launchedCount(), count > 1 else { return nil }
    #if PFEDLA_MPI
      let transport = try MPITransport()
      guard transport.rankCount == count else {
        throw SpecificationError(
          "mpirun: started \(count) processes, of which this program's MPI library sees "
            + "\(transport.rankCount); use the mpirun of the library that it was built with")
      }
      return RankGroup(transport, workerCount: workerCount)
    #else
      throw SpecificationError(
        "mpirun: found \(count) processes, but this program was built without MPI and would do the run "
          + "\(count) times; build it with PFEDLA_MPI=1 make build, or run it without mpirun")
    #endif
  }
}
