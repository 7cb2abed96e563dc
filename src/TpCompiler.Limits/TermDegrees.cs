using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>
/// The degree in Gaussians to which the terms of each Moment grow, by the program alone: of a cubic network after a few steps it is in the hundreds, and such a mean comes from √degree standard deviations, where no point ever is.
/// An upper bound: a leading coefficient may be small, or cancel.
/// </summary>
public sealed class TermDegrees
{
    private const double Most = 1e6;

    private readonly Dictionary<string, double> vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (double Rows, double Columns)> matrices = new(StringComparer.Ordinal);
    private readonly Dictionary<Expr.Call, double> growth = [];
    private readonly Dictionary<string, List<double>> moments = new(StringComparer.Ordinal);

    /// <summary>Finds the degrees.</summary>
    /// <param name="limit">A limit program.</param>
    public TermDegrees(Program limit) => Visit(limit.Body);

    /// <summary>The highest degree of all.</summary>
    public double Highest => moments.Values.SelectMany(degrees => degrees).DefaultIfEmpty(0).Max();

    /// <summary>The degrees of a Moment's terms in one iteration after another; after the last they stay as they are.</summary>
    public IReadOnlyList<double> DegreesOf(string moment) => moments.GetValueOrDefault(moment, []);

    /// <summary>The degree of a Moment's terms in an iteration of the loops around it.</summary>
    public double Of(string moment, int time) => moments.TryGetValue(moment, out var degrees) ? degrees[Math.Min(time, degrees.Count - 1)] : 0;

    private void Visit(IEnumerable<Statement> block)
    {
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Loop loop:
                    Copy(loop.Carried.Select(carried => (carried.Initial, carried.State.Name)));
                    for (var t = 0; t < loop.Count; t++)
                    {
                        Visit(loop.Body);
                        if (!Copy(loop.Carried.Select(carried => (carried.Next, carried.State.Name))))
                        {
                            // From here on nothing grows.
                            Visit(loop.Body);
                            break;
                        }
                    }

                    break;
                case Instruction instruction:
                    Visit(instruction);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Whether anything is larger than it was.</summary>
    private bool Copy(IEnumerable<(string From, string To)> names)
    {
        var grown = false;
        foreach (var (from, to) in names.ToList())
        {
            if (vectors.TryGetValue(from, out var degree))
            {
                grown |= degree > vectors.GetValueOrDefault(to, -1);
                vectors[to] = degree;
            }
            else if (matrices.TryGetValue(from, out var sides))
            {
                var before = matrices.GetValueOrDefault(to, (Rows: -1, Columns: -1));
                grown |= sides.Rows > before.Rows || sides.Columns > before.Columns;
                matrices[to] = sides;
            }
        }

        return grown;
    }

    private void Visit(Instruction instruction)
    {
        var result = instruction.Result;
        switch (instruction)
        {
            case Instruction.Gaussian { Result.Kind: ValueKind.Vector }:
                vectors[result.Name] = 1;
                break;
            case Instruction.Gaussian { Result.Kind: ValueKind.Matrix } or Instruction.OuterNonlin:
                matrices[result.Name] = (0, 0);
                break;
            case Instruction.MatrixSum sum:
                var sides = sum.Terms.Select(term => term is MatrixTerm.Outer outer ? (Rows: Degree(outer.Left), Columns: Degree(outer.Right)) : matrices.GetValueOrDefault(((MatrixTerm.Scaled)term).Matrix.Name)).Append((Rows: 0, Columns: 0)).ToList();
                matrices[result.Name] = (sides.Max(side => side.Rows), sides.Max(side => side.Columns));
                break;
            case Instruction.MatMul product:
                // Ẑ is Gaussian; Ż and the factors of a trained matrix are combinations of vectors of the other side.
                var (rows, columns) = matrices.GetValueOrDefault(product.Matrix.Name);
                vectors[result.Name] = Math.Max(1, product.Transposed ? columns : rows);
                matrices[product.Matrix.Name] = product.Transposed ? (Math.Max(rows, Degree(product.Vector)), columns) : (rows, Math.Max(columns, Degree(product.Vector)));
                break;
            case Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin:
                vectors[result.Name] = Math.Min(Most, Degree(nonlin.Body));
                break;
            case Instruction.Moment moment:
                (moments.TryGetValue(result.Name, out var degrees) ? degrees : moments[result.Name] = []).Add(Math.Min(Most, Degree(moment.Body)));
                break;
            default:
                break;
        }
    }

    private double Degree(Expr expr) => expr switch
    {
        Expr.Reference reference => vectors.GetValueOrDefault(reference.Name),
        Expr.Multiply product => DegreeOf(product),
        Expr.Power power => Math.Max(0, power.Exponent.ToDouble()) * Degree(power.Base),
        Expr.Call { Arguments: [var argument] } call => Degree(argument) is > 0 and var degree ? Math.Max(0, Growth(call)) * degree : 0,
        _ => expr.Children.Select(Degree).DefaultIfEmpty(0).Max(),
    };

    /// <summary>A factor that falls like exp(−|u|) beats all powers of u: u σ′(u) is bounded.</summary>
    private double DegreeOf(Expr.Multiply product)
    {
        var beaten = product.Factors.OfType<Expr.Call>().Where(call => call.Arguments is [var argument] && Degree(argument) > 0 && double.IsNegativeInfinity(Growth(call))).SelectMany(call => call.References()).ToHashSet();
        return product.Factors.Where(factor => beaten.Count == 0 || !factor.References().All(beaten.Contains)).Sum(Degree);
    }

    /// <summary>The degree of a function far out, on the side where it grows faster, to a half; −∞ of what falls faster than powers, 0 of what grows so.</summary>
    private double Growth(Expr.Call call)
    {
        const double Far = 16;
        const double LikeExp = 8;
        const int Samples = 64;
        var key = call with { Arguments = [] };
        if (!growth.TryGetValue(key, out var degree))
        {
            var function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
            degree = growth[key] = Math.Max(Along(1), Along(-1));

            double Along(double sign) => Math.Log2(Envelope(2 * Far * sign) / Envelope(Far * sign)) switch
            {
                > LikeExp => 0,
                < -LikeExp or double.NaN => double.NegativeInfinity,
                var slope => Math.Max(0, Math.Round(2 * slope) / 2),
            };

            // From here to half as far again, so that a zero of a wave is not taken for what it is elsewhere.
            double Envelope(double from) => Enumerable.Range(0, Samples).Max(i => Math.Abs(function(from * (1 + (0.5 * i / Samples)))));
        }

        return degree;
    }
}
