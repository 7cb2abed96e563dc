using TpCompiler.Benchmarks.Steps;

// `step` times whole training steps beside PyTorch and NumPy (see compare/); anything else is for BenchmarkDotNet.
if (args is ["step", ..])
{
    return StepCommand.Run(args[1..]);
}

BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(StepCommand).Assembly).Run(args);
return 0;
