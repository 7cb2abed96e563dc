using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Whether single points decide a mean. Where t are the terms of a Moment at M points, κ = Σ t⁴ / (Σ t²)² is the part of the largest of them in what the mean's variance is estimated from: some 1/M for bounded terms, a few
/// hundredths and more for x⁸ or e^{2x}. There the scramblings' spread is as uncertain as the mean itself: whether the largest terms that should be there are there decides both, so that an estimate that lacks them
/// says too small an error as well. Errors are multiplied by 1 + 4√κ; on integrals with known values and heavy tails this makes three errors hold in 99 of 100 runs (the benchmark project's <c>coverage</c> counts).
/// </summary>
internal sealed class DominantPoints
{
    private const double Weight = 4;

    private readonly Program limit;
    private readonly Dictionary<string, List<Watch>> watchesOf = new(StringComparer.Ordinal);
    private readonly HashSet<string> added = new(StringComparer.Ordinal);

    /// <param name="limit">A program that runs at points.</param>
    public DominantPoints(Program limit)
        : this(limit, limit.Outputs)
    {
    }

    private DominantPoints(Program limit, IEnumerable<string> outputs)
    {
        this.limit = limit;
        var definitions = limit.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        var names = new NameSupply(limit.Body.Definitions().Select(definition => definition.Name));
        var watches = new Dictionary<string, Watch>(StringComparer.Ordinal);
        foreach (var output in outputs.Distinct())
        {
            watchesOf[output] = [.. MomentsBehind(output, definitions, []).Select(moment =>
                watches.TryGetValue(moment, out var known) ? known : watches[moment] = new Watch(moment, names.Fresh(moment + "_2nd"), names.Fresh(moment + "_4th")))];
        }

        foreach (var watch in watches.Values)
        {
            added.Add(watch.Second);
            added.Add(watch.Fourth);
        }

        Program = limit with { Body = Insert(limit.Body), Outputs = [.. limit.Outputs, .. added.Order(StringComparer.Ordinal)] };

        ValueList<Statement> Insert(ValueList<Statement> block) => block.SelectMany(statement => statement switch
        {
            Loop loop => [loop with { Body = Insert(loop.Body) }],
            Instruction.Moment moment when watches.TryGetValue(moment.Result.Name, out var watch) => (IEnumerable<Statement>)[moment, Power(moment, watch.Second, 2), Power(moment, watch.Fourth, 4)],
            _ => [statement],
        }).ToValueList();

        static Instruction.Moment Power(Instruction.Moment moment, string name, int power) => moment with { Result = moment.Result with { Name = name }, Body = Expr.Pow(moment.Body, power) };
    }

    /// <summary>The program with Moments of t² and t⁴ beside those that outputs are made of.</summary>
    public Program Program { get; }

    /// <summary>The same program without them: where a fourth power is no finite number although the Moment is.</summary>
    public DominantPoints Unwatched => new(limit, []);

    /// <summary>Whether a value is one of those Moments.</summary>
    public bool IsAdded(string name) => added.Contains(name);

    /// <summary>The factors by which the errors of an output's numbers grow.</summary>
    /// <param name="output">Its name.</param>
    /// <param name="count">How many numbers.</param>
    /// <param name="points">M, the points of all runs together.</param>
    /// <param name="means">The mean over runs of a value that <see cref="Program"/> reports beside the output; null where none did.</param>
    public double[] Factors(string output, int count, double points, Func<string, double[]?> means)
    {
        var factors = new double[count];
        Array.Fill(factors, 1);
        foreach (var watch in watchesOf.GetValueOrDefault(output) ?? [])
        {
            if (means(watch.Second) is not { } second || means(watch.Fourth) is not { } fourth)
            {
                continue;
            }

            var shares = second.Zip(fourth, (squares, fourths) => squares > 0 ? Math.Min(1, fourths / (squares * squares * points)) : 0).ToArray();
            var largest = shares.DefaultIfEmpty(0).Max();
            for (var i = 0; i < count; i++)
            {
                factors[i] = Math.Max(factors[i], 1 + (Weight * Math.Sqrt(watch.Moment == output ? shares[i] : largest)));
            }
        }

        return factors;
    }

    /// <summary>The Moments that a scalar is a function of.</summary>
    private static IEnumerable<string> MomentsBehind(string name, Dictionary<string, Instruction> definitions, HashSet<string> seen)
    {
        if (!seen.Add(name) || !definitions.TryGetValue(name, out var instruction))
        {
            return [];
        }

        return instruction switch
        {
            Instruction.Moment => [name],
            Instruction.Nonlin { Result.Kind: ValueKind.Scalar } scalar => scalar.Reads().SelectMany(read => MomentsBehind(read, definitions, seen)),
            _ => [],
        };
    }

    private sealed record Watch(string Moment, string Second, string Fourth);
}
