import FederatedLearning
import PFedLACommands

// The whole pfedla program, with one more method.
try MethodRegistry.add(OwnProx.self)
await CommandLineProgram.main()
