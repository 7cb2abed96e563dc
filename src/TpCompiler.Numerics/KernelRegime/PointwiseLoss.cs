using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// A loss of one sample as an expression of its outputs and its target: <c>1/2 * (f - y)^2</c>, or over an axis of outputs
/// <c>log(sum(c, exp(f[c]))) - sum(c, y[c] * f[c])</c>. The loss of a batch is the mean.
/// </summary>
public sealed class PointwiseLoss
{
    private const string At = "at";

    private readonly string output;
    private readonly string target;
    private readonly Expr value;
    private readonly Expr gradient;

    /// <param name="value">The expression.</param>
    /// <param name="output">The name of the outputs in it, with one index or none.</param>
    /// <param name="target">The name of the targets, with one index or none.</param>
    public PointwiseLoss(Expr value, string output = "f", string target = "y")
    {
        (this.value, this.output, this.target) = (value, output, target);
        var hasAxis = value.References().Any(reference => reference.Name == output && reference.Indices.Count == 1);
        gradient = Nonlinearities.ExpandAll(Derivative.Of(value, new Expr.Reference(output, hasAxis ? [At] : [])));
    }

    /// <summary>½(f − y)².</summary>
    public static PointwiseLoss MeanSquaredError { get; } = new(Rational.Half * Expr.Pow(Expr.Of("f") - Expr.Of("y"), 2));

    /// <summary>The mean over samples (rows), summed over columns when the expression has no axis of its own.</summary>
    public double Value(Matrix<double> f, Matrix<double> y)
    {
        var columns = HasAxis ? 1 : f.ColumnCount;
        var sum = 0.0;
        for (var i = 0; i < f.RowCount; i++)
        {
            for (var column = 0; column < columns; column++)
            {
                sum += Evaluate(value, f, y, i, column, []);
            }
        }

        return sum / f.RowCount;
    }

    /// <summary>∂/∂f of the loss of each sample, not divided by their number.</summary>
    public Matrix<double> Gradient(Matrix<double> f, Matrix<double> y) =>
        Matrix<double>.Build.Dense(f.RowCount, f.ColumnCount, (i, column) => Evaluate(gradient, f, y, i, column, [(At, column)]));

    private bool HasAxis => value.References().Any(reference => reference.Name == output && reference.Indices.Count == 1);

    private double Evaluate(Expr expr, Matrix<double> f, Matrix<double> y, int sample, int column, ValueList<(string Name, int Value)> indices)
    {
        double Inner(Expr e) => Evaluate(e, f, y, sample, column, indices);
        switch (expr)
        {
            case Expr.Reference reference when reference.Name == output || reference.Name == target:
                var from = reference.Name == output ? f : y;
                var position = reference.Indices is [var index] ? Position(index) : column;
                return position >= 0 && position < from.ColumnCount ? from[sample, position] : 0;
            case Expr.IndexValue counter:
                return Position(counter.Index);
            case Expr.Add add:
                return add.Terms.Sum(Inner);
            case Expr.Multiply multiply:
                return multiply.Factors.Aggregate(1.0, (product, factor) => product * Inner(factor));
            case Expr.Power power:
                return Evaluation.RealPower(power.Exponent)(Inner(power.Base));
            case Expr.Call { Arguments: [var argument] } call:
                return Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative)(Inner(argument));
            case Expr.Sum sum:
                return Enumerable.Range(0, f.ColumnCount).Sum(i => Evaluate(sum.Body, f, y, sample, column, indices.Add((sum.Index.Name, i))));
            default:
                return expr.ToDouble();
        }

        int Position(Index index) => index switch
        {
            Index.Variable v => indices.Last(pair => pair.Name == v.Name).Value,
            Index.Fixed at => at.Position,
            Index.Shifted s => indices.Last(pair => pair.Name == s.Name).Value + s.Offset,
            Index.Lookup l => (int)Math.Round(Inner(l.Row)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
