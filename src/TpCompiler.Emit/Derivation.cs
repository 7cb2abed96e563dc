using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>Everything that was derived of one source file: what emitters read.</summary>
/// <param name="Source">The raw program, with its powers of n: the training of a network if it has one, else its forward pass; or a level-1 program.</param>
/// <param name="Network">The network; null for a level-1 program.</param>
/// <param name="Plan">Its training; null without one.</param>
/// <param name="Scaling">Exponents and verdict.</param>
/// <param name="Limit">The limit program, where there is one.</param>
/// <param name="Equations">The equations of the limit, or of the kernel regime.</param>
/// <param name="NoEquations">Why there are no equations.</param>
/// <param name="ExactOutputs">Limits of outputs that are known as rational numbers.</param>
/// <param name="Syntax">The syntax tree as text.</param>
public sealed record Derivation(
    Program Source,
    Network? Network,
    TrainingPlan? Plan,
    ScalingResult Scaling,
    Program? Limit,
    LimitEquations? Equations,
    string? NoEquations,
    ValueList<ExactOutput> ExactOutputs,
    Func<string> Syntax)
{
    /// <summary>How the numbers of each output will be computed.</summary>
    public ValueList<OutputTier> Tiers { get; init; } = [];

    /// <summary>The same of each expectation in the equations.</summary>
    public ValueList<ExpectationLine> Expectations { get; init; } = [];
}

/// <summary>How an expectation of the equations will be computed: in the first of these ways that the program's size allows.</summary>
/// <param name="Expectation">As it stands in the equations.</param>
/// <param name="Tiers">The ways, in words.</param>
/// <param name="Dimensions">The Gaussians that it is an integral over; null when that is known of no way.</param>
public sealed record ExpectationLine(Expr Expectation, ValueList<string> Tiers, int? Dimensions);

/// <summary>How an output's numbers will be computed: in the first of these ways that the program's size allows.</summary>
public sealed record OutputTier(string Output, ValueList<string> Tiers)
{
    /// <summary>The way to its first number, before any update, where that is another one.</summary>
    public string? First { get; init; }
}

/// <summary>The limit of an output as a rational number.</summary>
public sealed record ExactOutput(string Name, ValueList<Rational> Values);
