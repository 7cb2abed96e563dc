using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>A Gaussian expectation E φ(u) φ(v) that is known: u = a z, v = b z + c z′ for independent standard Gaussians z, z′.</summary>
/// <param name="Kind">What makes it hard.</param>
/// <param name="Function">φ, as text in x.</param>
internal sealed record KnownIntegral(string Kind, string Function, Rational A, Rational B, Rational C) : KnownNumber(Kind)
{
    private static readonly Expr.Reference X = new("x", []);

    public override double Exact { get; } = ClosedForms.Pair(Phi(Function), Phi(Function), X, A * A, (B * B) + (C * C), A * B)!.ToDouble();

    public override NumericMoment? Integrated() =>
        new GaussianMoments(Phi(Function), Phi(Function), X, useClosedForm: false).At((A * A).ToDouble(), ((B * B) + (C * C)).ToDouble(), (A * B).ToDouble());

    public override Estimate Evaluated(ulong seed, bool atPoints)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            program known
            width n 1
            z : n = gaussian 1
            w : n = gaussian 1
            x : n = nonlin {A} * z
            u : n = nonlin {Function}
            v : n = nonlin {ExprPrinter.Print(Phi(Function).SubstituteReferences(_ => (B * Expr.Of("z")) + (C * Expr.Of("w"))))}
            f = moment n: u * v
            outputs f
            """);
        DiagnosticBag diagnostics = new();
        var program = ProgramReader.Read(new SourceText("known.ir", text), diagnostics)
            ?? throw new InvalidOperationException(diagnostics.First().ToString());
        return LimitEvaluator.Evaluate(program, NoData.Instance, Settings(seed, atPoints)).Records[0].Values[0];
    }

    private static Expr Phi(string function) => ExprReader.Read(function).Expr!;
}
