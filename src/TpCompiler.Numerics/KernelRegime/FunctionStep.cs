using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// A written step seen from the function, in the kernel regime. There f is affine in the weights, f(ξ; θ) = f₀(ξ) + ⟨J(ξ), θ − θ₀⟩, so every set of weights that the step makes is a function
/// Σ_s coefficient · state_s + Σ_u K(·, u) c_u: a state is kept from step to step, u are samples of this iteration and c_u numbers that the program computes.
/// </summary>
/// <param name="Program">Scalars only: <see cref="Fields"/> and the step's own data in, its outputs, coefficients and moves out.</param>
/// <param name="Fields">What is to be filled in before each run.</param>
/// <param name="Moves">How the states change.</param>
/// <param name="Outputs">The scalars that the step reports.</param>
public sealed record FunctionStep(Program Program, ValueList<FunctionField> Fields, ValueList<StateMove> Moves, ValueList<string> Outputs);

/// <summary>Samples of an iteration: a field of data at every position of some axes.</summary>
/// <param name="Data">The field, over the axes of samples and tasks first, then those of the input.</param>
/// <param name="Input">Which input of the network it is given to.</param>
/// <param name="Axes">The positions; all axes of the data beyond the input's are among them.</param>
public sealed record SamplePoints(Instruction.Data Data, int Input, ValueList<IndexBinder> Axes);

/// <summary>Numbers that the run computes from kernels.</summary>
/// <param name="Name">The field.</param>
/// <param name="Kernel">Weights that are always treated alike, by number.</param>
/// <param name="Output">The output of the network.</param>
/// <param name="At">Where the function is evaluated.</param>
public abstract record FunctionField(string Name, int Kernel, int Output, SamplePoints At)
{
    /// <summary>The part of a state that these weights have moved, over the points and then the output's axes.</summary>
    public sealed record Value(string Name, int Kernel, int Output, SamplePoints At, string State) : FunctionField(Name, Kernel, Output, At);

    /// <summary>K between two sets of points that share some axes (the tasks): over those of the first, then the rest of the second's.</summary>
    public sealed record Gram(string Name, int Kernel, int Output, SamplePoints At, SamplePoints Of, ValueList<IndexBinder> Shared) : FunctionField(Name, Kernel, Output, At);
}

/// <summary>A state after the step: Σ coefficient · states before it + Σ K(·, u) c_u.</summary>
/// <param name="State"><see cref="StepRule.Parameters"/> or a slot.</param>
/// <param name="Kernel">Of these weights.</param>
/// <param name="States">The states before the step, each with the name of its coefficient.</param>
/// <param name="Parts">The output, the points, and the name of the coefficients over the points and the output's axes.</param>
public sealed record StateMove(string State, int Kernel, ValueList<(string State, string Coefficient)> States, ValueList<(int Output, SamplePoints Points, string Coefficients)> Parts);
