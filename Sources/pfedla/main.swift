import PFedLACommands

await CommandLineProgram.main()
