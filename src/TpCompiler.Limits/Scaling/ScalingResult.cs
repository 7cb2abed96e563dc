using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>How everything in a program scales with the width, and what follows for training.</summary>
/// <param name="Values">The size of each value, in program order (parameters stand where their initial value or their carried state is defined).</param>
/// <param name="Parameters">One row a weight, in the order of the program.</param>
/// <param name="Verdict">The class of the parametrization; null for a program that has no weights, or that doesn't train them and starts stably.</param>
public sealed record ScalingResult(ValueList<ValueScale> Values, ValueList<ParameterScale> Parameters, Verdict? Verdict)
{
    /// <summary>Scalars inside the program that keep a random limit at initialisation, as logits do that are divided by √n: where there are any, there is no limit program.</summary>
    public ValueList<string> RandomScalars { get; init; } = [];

    /// <summary>The size of a value by name; null when the program has no such value.</summary>
    public Scale? ScaleOf(string name) => Values.FirstOrDefault(value => value.Name == name)?.Scale;
}

/// <summary>The size of one value.</summary>
public sealed record ValueScale(string Name, ValueKind Kind, Scale Scale);

/// <summary>How one weight W = n^{-a} w scales. Exponents e as in <see cref="Scale"/>: a size of n^{-e}.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Role">Which of its sides are wide.</param>
/// <param name="A">a.</param>
/// <param name="B">b.</param>
/// <param name="C">c.</param>
/// <param name="Trained">Whether training changes it.</param>
/// <param name="Initial">The exponent of the entries of W at initialisation: a + b; null when it starts at 0.</param>
/// <param name="Update">The exponent of the entries of n^{-a} Δw; null when training doesn't change it.</param>
/// <param name="Preactivation">The exponent of what its own update adds to the value that it directly makes, ΔW x; for an output weight that is f.</param>
/// <param name="Output">The exponent of what its own update adds to f in the first step.</param>
/// <param name="Maximal">Its update is as large as stability allows: <paramref name="Preactivation"/> is 0 (arXiv 2011.14522, "maximal update").</param>
/// <param name="LearnsFeatures">Its update alone moves the features that make f by Θ(1).</param>
public sealed record ParameterScale(
    string Name,
    ParameterRole Role,
    Rational A,
    Rational B,
    Rational C,
    bool Trained,
    Rational? Initial,
    Rational? Update,
    Rational? Preactivation,
    Rational? Output,
    bool Maximal,
    bool LearnsFeatures)
{
    /// <summary>The exponent of what weight decay takes of the entries of W in a few steps; null when it takes nothing. <see cref="Update"/> is what is learned beside it.</summary>
    public Rational? Decay { get; init; }

    /// <summary>What the weight directly makes, use by use: a tied weight has several.</summary>
    public ValueList<UseScale> Uses { get; init; } = [];

    /// <summary>The exponent of the entries of ∂L/∂W, W = n^{-a} w, over training; null when it is 0.</summary>
    public Rational? Gradient { get; init; }
}

/// <summary>A value that a weight directly makes, powers of n included, and the exponent of what the weight's own update adds to it; null when it adds nothing.</summary>
public sealed record UseScale(string Value, Rational? Exponent);
