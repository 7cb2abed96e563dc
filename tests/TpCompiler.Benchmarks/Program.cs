using TpCompiler.Benchmarks;
using TpCompiler.Benchmarks.Coverage;
using TpCompiler.Benchmarks.Emitted;
using TpCompiler.Benchmarks.Kernels;
using TpCompiler.Benchmarks.Steps;

// `step` times whole training steps beside PyTorch and NumPy (see compare/), `coverage` counts how often errors hold, `elementwise` times every function of the table, `emitted` times emitted C# beside `tpc run`,
// `width` says which net is as near as the limit's error, `kernel` times a tangent kernel; anything else is for BenchmarkDotNet.
if (args is ["step", ..])
{
    return StepCommand.Run(args[1..]);
}

if (args is ["emitted", ..])
{
    return EmittedCommand.Run(args[1..]);
}

if (args is ["width", ..])
{
    return WidthCommand.Run(args[1..]);
}

if (args is ["coverage", ..])
{
    return CoverageCommand.Run(args[1..]);
}

if (args is ["elementwise", ..])
{
    return ElementwiseCommand.Run();
}

if (args is ["kernel", ..])
{
    return TangentKernelCommand.Run(args[1..]);
}

BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(StepCommand).Assembly).Run(args);
return 0;
