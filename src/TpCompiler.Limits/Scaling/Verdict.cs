using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The classes of the Dynamical Dichotomy (arXiv 2011.14522): exactly one holds.</summary>
public enum Regime
{
    /// <summary>Something that should be Θ(1) blows up or vanishes at initialisation, or blows up in training.</summary>
    Unstable,

    /// <summary>Stable, but f doesn't move in any finite time.</summary>
    Trivial,

    /// <summary>f moves, the features don't: f follows kernel gradient descent.</summary>
    KernelRegime,

    /// <summary>f and the features move by Θ(1).</summary>
    FeatureLearning,
}

/// <summary>What f is at initialisation, in the limit.</summary>
public enum InitialOutput
{
    GaussianProcess,
    Zero,
}

/// <summary>The class of a parametrization with its reasons.</summary>
/// <param name="Regime">The class.</param>
/// <param name="R">r: in training the features that make f move by Θ(n^{-r}); null when the initialisation is unstable, when nothing moves them, or when the program doesn't train.</param>
/// <param name="Features">The vectors that make f.</param>
/// <param name="Outputs">f: the outputs that are not made from others, as the loss is.</param>
/// <param name="Reasons">Which instructions force the class, the most telling first.</param>
/// <param name="InitialOutput">The limit of f at initialisation; null when it has none or isn't one of the two.</param>
/// <param name="Kernel">In the kernel regime, the weights whose update moves f by Θ(1): the kernel is a sum over them.</param>
/// <param name="Repair">When unstable or trivial, the smallest change of the parametrization that makes it neither; null when none was found.</param>
/// <param name="Text">The verdict in one line: <c>kernel regime (r = 1/2): in one step the features x2 move by Θ(n^(-1/2)), f by Θ(1)</c>.</param>
public sealed record Verdict(
    Regime Regime,
    Rational? R,
    ValueList<string> Features,
    ValueList<string> Outputs,
    ValueList<Reason> Reasons,
    InitialOutput? InitialOutput,
    ValueList<string> Kernel,
    Repair? Repair,
    string Text)
{
    /// <summary>The weights that decay. The class is that of what is learned: regime and r are those of gradients.</summary>
    public ValueList<string> Decaying { get; init; } = [];

    /// <summary>What a trivial training is in the limit.</summary>
    public string WithoutLearning => Decaying.Count == 0 ? "training does nothing in the limit" : $"nothing is learned in the limit, where training is the decay of {SizeText.List(Decaying)}";
}

/// <summary>When a quantity has the size that is a reason.</summary>
public enum Phase
{
    Initialisation,
    Training,
}

/// <summary>A fact that forces a verdict.</summary>
/// <param name="Instruction">The name of the value whose instruction forces it.</param>
/// <param name="Origin">Where that instruction comes from.</param>
/// <param name="Quantity">What has this size: <c>h2</c>, <c>the change of f</c>.</param>
/// <param name="Exponent">Its size is Θ(n^{-Exponent}); null when it is identically 0.</param>
/// <param name="Phase">At initialisation or in training.</param>
/// <param name="Text">One sentence in the program's own words.</param>
public sealed record Reason(string Instruction, Origin? Origin, string Quantity, Rational? Exponent, Phase Phase, string Text);

/// <summary>A change of a parametrization.</summary>
/// <param name="Changes">What to change: as few numbers as possible, then by as little as possible.</param>
/// <param name="Regime">The class that the changed parametrization has.</param>
/// <param name="Text"><c>raise c of W1, W2, W3 from 0 to 1: kernel regime</c>.</param>
public sealed record Repair(ValueList<ExponentChange> Changes, Regime Regime, string Text);

/// <summary>One of the three exponents of a weight.</summary>
public enum AbcExponent
{
    A,
    B,
    C,
}

/// <summary>One exponent of one weight, from one value to another.</summary>
public sealed record ExponentChange(string Parameter, AbcExponent Exponent, Rational From, Rational To);
