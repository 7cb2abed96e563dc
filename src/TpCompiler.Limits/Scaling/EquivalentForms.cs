using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>One weight in one form. Each number is an exponent of n: the multiplier is Θ(n^Multiplier), and so on.</summary>
/// <param name="Weight">What is the same in all forms.</param>
/// <param name="Exponents">a, b, c of this form.</param>
/// <param name="Variance">Of the entries of w at initialisation, −2b; null when they start at 0.</param>
/// <param name="Epsilon">Of what Adam adds to √v, so that it stays as large as an entry of the gradient of w; of what Muon adds to the Frobenius norm of a hidden matrix's gradient, so that it stays as large as that; null for gradients.</param>
public sealed record FormRow(MaximalUpdateRow Weight, Abc Exponents, Rational? Variance, Rational? Epsilon)
{
    public Rational Multiplier => -Exponents.A;

    public Rational Rate => -Exponents.C;

    /// <summary>Of the decay λ in w ← w − rate · λ w, which takes the same part of w away at every width.</summary>
    public Rational WeightDecay => Exponents.C;
}

/// <summary>One of the ways to write down the same parametrization.</summary>
/// <param name="Name">A short name.</param>
/// <param name="Title">What sets it apart, with its table in arXiv 2203.03466.</param>
/// <param name="Rows">One a weight.</param>
public sealed record ParametrizationForm(string Name, string Title, ValueList<FormRow> Rows);

/// <summary>
/// A parametrization is the same under a → a + θ, b → b − θ, c → c − 2θ for gradients, c → c − θ for updates of a size of their own (arXiv 2203.03466, lemma J.1), so each weight's
/// a is free. Three choices are in use.
/// </summary>
public static class EquivalentForms
{
    public static ValueList<ParametrizationForm> Of(MaximalUpdate maximal) =>
    [
        Form(maximal, "no multipliers", "no multipliers (arXiv 2203.03466, table 3)", _ => 0),
        Form(maximal, "output multiplier", "output weights start as input weights do, and have a multiplier (table 8)", row => row.Role == ParameterRole.Output ? row.Initial ?? 1 : 0),
        Form(maximal, "one variance", "every weight that has a wide side starts with variance 1/n (table 9)", row => row.Role == ParameterRole.Scalar ? 0 : (row.Initial ?? Default(row.Role)) - Rational.Half),
    ];

    private static Rational Default(ParameterRole role) => role switch
    {
        ParameterRole.Output => 1,
        ParameterRole.Hidden => Rational.Half,
        _ => 0,
    };

    private static FormRow Row(MaximalUpdateRow weight, Rational a, UpdateKind kind)
    {
        var b = (weight.Initial ?? a) - a;
        var c = weight.Rate - (kind == UpdateKind.Gradient ? 2 * a : a);

        // The Frobenius norm of an n × n matrix is n times the root mean square of its entries.
        var entries = kind == UpdateKind.Orthogonal && weight.Role == ParameterRole.Hidden ? 1 : 0;
        return new FormRow(weight, new Abc(a, b, c), weight.Initial is null ? null : -2 * b, kind == UpdateKind.Gradient ? null : entries - (weight.Gradient + a));
    }

    private static ParametrizationForm Form(MaximalUpdate maximal, string name, string title, Func<MaximalUpdateRow, Rational> a) =>
        new(name, title, maximal.Rows.Select(row => Row(row, a(row), maximal.Kind)).ToValueList());
}
