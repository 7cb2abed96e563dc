using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>A Tensor Program.</summary>
/// <param name="Name">The name in the source.</param>
/// <param name="Widths">The infinite dimensions; the first is the reference width, with ratio 1.</param>
/// <param name="Axes">The finite dimensions.</param>
/// <param name="Parameters">The trained weights, when the program came from a network; empty for a level-1 program.</param>
/// <param name="Body">The statements, in order.</param>
/// <param name="Outputs">The values to report: once for those at the top level, at each iteration for those inside a loop.</param>
public sealed record Program(
    string Name,
    ValueList<Width> Widths,
    ValueList<Axis> Axes,
    ValueList<Parameter> Parameters,
    ValueList<Statement> Body,
    ValueList<string> Outputs)
{
    /// <summary>Values that a step has made of weights and that stand for weights: W − η ∇L of one task each. They have the sizes of weights, not of activations.</summary>
    public ValueList<string> Adapted { get; init; } = [];
}

/// <summary>
/// A weight of a network under an abc-parametrization: W = n^{-a} w, w ~ N(0, σ² n^{-2b}), learning rate η n^{-c}; n the width that the
/// exponents refer to. The program's values hold w; n^{-a} stands in the instructions that use it.
/// </summary>
/// <param name="Name">The name of the weight: of its initial value, and (with the loop) its carried state.</param>
/// <param name="Initial">The name of the value that initialises it.</param>
/// <param name="Type">Axes and widths.</param>
/// <param name="A">The exponent of the multiplier n^{-a}.</param>
/// <param name="B">The exponent of the initial standard deviation n^{-b}.</param>
/// <param name="C">The exponent of the learning rate n^{-c}.</param>
/// <param name="Variance">σ², the width-independent part of the variance of the entries; 0 for weights that start at zero.</param>
/// <param name="Trained">Whether the training step changes it.</param>
public sealed record Parameter(string Name, string Initial, Definition Type, Rational A, Rational B, Rational C, Expr Variance, bool Trained)
{
    public ParameterRole Role => Type.Kind switch
    {
        ValueKind.Matrix => ParameterRole.Hidden,
        ValueKind.Vector => RoleOfVector,
        _ => ParameterRole.Scalar,
    };

    /// <summary>Input (n rows, finite columns; a bias is an input weight of the constant 1) or output (finite rows, n columns).</summary>
    public ParameterRole RoleOfVector { get; init; } = ParameterRole.Input;
}

/// <summary>Which sides of a weight are wide (arXiv 2203.03466, table 3).</summary>
public enum ParameterRole
{
    Input,
    Hidden,
    Output,
    Scalar,
}
