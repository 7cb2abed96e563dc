using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;

namespace TpCompiler.Emit.Targets;

/// <summary>A language that programs are written in.</summary>
/// <param name="Name">How it is asked for.</param>
/// <param name="Simulator">The finite net as a program of its own; a refusal says which instruction can't be written.</param>
/// <param name="Evaluator">The limit program as a program of its own that computes its numbers; null where the target has none. It is told whether functions have no kinks, so that grids may do better than points.</param>
/// <param name="KernelEvaluator">Likewise of the kernel regime, whose limit is kernel gradient descent.</param>
public sealed record Target(
    string Name,
    Func<Program, Network?, TrainingPlan?, (string? Text, Refusal? Refusal)> Simulator,
    Func<Program, bool, (string? Text, Refusal? Refusal)>? Evaluator = null,
    Func<KernelDescentProgram, (string? Text, Refusal? Refusal)>? KernelEvaluator = null);

/// <summary>The table of targets: one row and one file each.</summary>
public static class TargetTable
{
    public static readonly IReadOnlyList<Target> All =
    [
        new("csharp", CSharpSimulator.Write, CSharpEvaluator.Write, CSharpKernelEvaluator.Write),
        new("numpy", NumPySimulator.Write, null, PythonKernelEvaluator.InNumPy),
        new("pytorch", PyTorchSimulator.Write, (limit, _) => PyTorchEvaluator.Write(limit), PythonKernelEvaluator.InPyTorch),
    ];

    public static Target? Find(string name) => All.FirstOrDefault(target => target.Name == name);
}
