using TpCompiler.Emit.Code;
using TpCompiler.Ir;

namespace TpCompiler.Emit.Targets;

/// <summary>The finite net in PyTorch: a module and its training where an optimizer trains a network, else the whole program with its backward pass written out.</summary>
internal static class PyTorchSimulator
{
    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan) =>
        network is not null && plan is { Written: null } ? PyTorchModule.Write(network, plan) : PyTorchProgram.Write(program, plan);
}
