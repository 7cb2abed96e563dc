using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace TpCompiler.Numerics.Kernels;

/// <summary>y[i] = f(x[i]) over whole spans; y may be x.</summary>
public delegate void SpanFunction<T>(ReadOnlySpan<T> x, Span<T> y);

/// <summary>A vectorised function in both precisions; a member of a family with its parameter in it.</summary>
public sealed record ElementwiseFunction(string Name, SpanFunction<float> Single, SpanFunction<double> Double);

/// <summary>The vectorised functions by the name that the language gives them, for an interpreter that meets a Nonlin.</summary>
public static class ElementwiseTable
{
    private static readonly FrozenDictionary<string, ElementwiseFunction> Rows = new ElementwiseFunction[]
    {
        new("abs", Elementwise.Abs, Elementwise.Abs),
        new("arccos", Elementwise.Arccos, Elementwise.Arccos),
        new("arcsin", Elementwise.Arcsin, Elementwise.Arcsin),
        new("arctan", Elementwise.Arctan, Elementwise.Arctan),
        new("cos", Elementwise.Cos, Elementwise.Cos),
        new("erf", Elementwise.Erf, Elementwise.Erf),
        new("erfc", Elementwise.Erfc, Elementwise.Erfc),
        new("exp", Elementwise.Exp, Elementwise.Exp),
        new("gaussian", Elementwise.Gaussian, Elementwise.Gaussian),
        new("gelu", Elementwise.Gelu, Elementwise.Gelu),
        new("gelu_tanh", Elementwise.GeluTanh, Elementwise.GeluTanh),
        new("log", Elementwise.Log, Elementwise.Log),
        new("normal_cdf", Elementwise.NormalCdf, Elementwise.NormalCdf),
        new("normal_pdf", Elementwise.NormalPdf, Elementwise.NormalPdf),
        new("relu", Elementwise.Relu, Elementwise.Relu),
        new("sigmoid", Elementwise.Sigmoid, Elementwise.Sigmoid),
        new("sign", Elementwise.Sign, Elementwise.Sign),
        new("silu", Elementwise.Silu, Elementwise.Silu),
        new("sin", Elementwise.Sin, Elementwise.Sin),
        new("softplus", Elementwise.Softplus, Elementwise.Softplus),
        new("softsign", Elementwise.Softsign, Elementwise.Softsign),
        new("sqrt", Elementwise.Sqrt, Elementwise.Sqrt),
        new("step", Elementwise.Step, Elementwise.Step),
        new("tanh", Elementwise.Tanh, Elementwise.Tanh),
    }.ToFrozenDictionary(row => row.Name, StringComparer.Ordinal);

    /// <summary>Families by name, each with its default parameter.</summary>
    private static readonly FrozenDictionary<string, (double Default, Func<double, ElementwiseFunction> Of)> Families = new Dictionary<string, (double, Func<double, ElementwiseFunction>)>
    {
        ["elu"] = (1, scale => new("elu", (x, y) => Elementwise.Elu(x, y, scale), (x, y) => Elementwise.Elu(x, y, scale))),
        ["leaky_relu"] = (0.01, slope => new("leaky_relu", (x, y) => Elementwise.LeakyRelu(x, y, slope), (x, y) => Elementwise.LeakyRelu(x, y, slope))),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every row, by name; of a family the member with the default parameter.</summary>
    public static IReadOnlyList<ElementwiseFunction> All { get; } =
        [.. Rows.Values.Concat(Families.Values.Select(family => family.Of(family.Default))).OrderBy(row => row.Name, StringComparer.Ordinal)];

    /// <summary>The function of a name and its parameters, none or one.</summary>
    public static bool TryGet(string name, IReadOnlyList<double> parameters, [NotNullWhen(true)] out ElementwiseFunction? function)
    {
        function = parameters switch
        {
            [] => Rows.GetValueOrDefault(name),
            [var parameter] when Families.TryGetValue(name, out var family) => family.Of(parameter),
            _ => null,
        };
        return function is not null;
    }
}
