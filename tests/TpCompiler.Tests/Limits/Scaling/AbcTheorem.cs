using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>The theorem on abc-parametrizations of an MLP (arXiv 2011.14522, theorem 3.1 and corollary 3.9), with a learning rate for each layer: what the derived verdicts are held against.</summary>
internal sealed record AbcTheorem(IReadOnlyList<(Rational A, Rational B, Rational C)> Layers)
{
    private int HiddenLayers => Layers.Count - 1;

    private (Rational A, Rational B, Rational C) Last => Layers[^1];

    private Rational LastInitial => Last.A + Last.B;

    public Rational LastRate => (2 * Last.A) + Last.C;

    public Rational R => Rational.Min(LastInitial, LastRate) - 1
        + Enumerable.Range(0, HiddenLayers).Select(l => (2 * Layers[l].A) + Layers[l].C + (l == 0 ? 1 : 0)).Aggregate(Rational.Min);

    public Rational LastInitialAndR => LastInitial + R;

    public bool HasStableInitialisation =>
        Enumerable.Range(0, HiddenLayers).All(l => Layers[l].A + Layers[l].B == (l == 0 ? 0 : Rational.Half)) && LastInitial >= Rational.Half;

    public Regime Regime =>
        !HasStableInitialisation || R < 0 || LastInitialAndR < 1 || LastRate < 1 ? Regime.Unstable
        : LastInitialAndR != 1 && LastRate != 1 ? Regime.Trivial
        : R.IsZero ? Regime.FeatureLearning
        : Regime.KernelRegime;

    public InitialOutput InitialOutput => LastInitial == Rational.Half ? InitialOutput.GaussianProcess : InitialOutput.Zero;
}
