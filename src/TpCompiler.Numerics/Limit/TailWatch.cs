using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// The Moments that the outputs of a program are made of, and their terms as vectors that the program doesn't have: what <see cref="LimitInterpreter"/> looks at beside a run for <see cref="ExtremeTerms"/>.
/// </summary>
internal sealed class TailWatch
{
    private readonly OutputMoments moments;
    private readonly Dictionary<Instruction.Moment, Terms> terms = new(ReferenceEqualityComparer.Instance);

    /// <param name="limit">A program that runs at points.</param>
    /// <param name="runs">R, how many independent runs of it there are.</param>
    public TailWatch(Program limit, int runs)
    {
        Kept = runs + 1;
        Degrees = new TermDegrees(limit);
        moments = OutputMoments.Of(limit);
        foreach (var moment in moments.WithTerms)
        {
            var bound = moment.Result.Indices.Select(binder => binder.Name).ToHashSet(StringComparer.Ordinal);
            var factors = moment.Body is Expr.Multiply product ? product.Factors : [moment.Body];
            terms.Add(moment, new Terms(moment.Result.Name, Vector(moment, "term", moment.Body), [.. factors.Where(factor => factor.FreeIndices().All(bound.Contains)).Select((factor, i) => FactorOf(moment, i, factor))]));
        }

        static Factor FactorOf(Instruction.Moment moment, int i, Expr factor) => factor is Expr.Call { Arguments: [var argument] } call
            ? new(Vector(moment, $"factor {i}", factor), Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative), Vector(moment, $"argument {i}", argument))
            : new(Vector(moment, $"factor {i}", factor), null, null);

        static Instruction.Nonlin Vector(Instruction.Moment moment, string role, Expr body) => new(moment.Result with { Name = $"{role} of {moment.Result.Name}", Widths = [moment.Width] }, body);
    }

    /// <summary>How many terms of each end are kept.</summary>
    public int Kept { get; }

    /// <summary>How fast terms grow beyond all points.</summary>
    public TermDegrees Degrees { get; }

    /// <summary>The terms that are looked at, as vectors.</summary>
    public IEnumerable<Definition> Vectors => terms.Values.Select(watched => watched.Term.Result);

    /// <summary>The terms of a Moment that outputs are made of; null of another instruction.</summary>
    public Terms? Of(Instruction instruction) => instruction is Instruction.Moment moment ? terms.GetValueOrDefault(moment) : null;

    /// <summary>The Moments that an output is a function of; itself, if it is one.</summary>
    public ValueList<string> MomentsOf(string output) => moments.Behind(output);

    /// <summary>A Moment's terms.</summary>
    /// <param name="Moment">Its name.</param>
    /// <param name="Term">What it is the mean of.</param>
    /// <param name="Factors">What the term is a product of.</param>
    internal sealed record Terms(string Moment, Instruction.Nonlin Term, ValueList<Factor> Factors);

    /// <summary>What terms are a product of.</summary>
    /// <param name="Value">The factor.</param>
    /// <param name="Function">The function that it is of <paramref name="Argument"/>; null when it is none of one argument.</param>
    /// <param name="Argument">What it is a function of.</param>
    internal sealed record Factor(Instruction.Nonlin Value, Func<double, double>? Function, Instruction.Nonlin? Argument);
}
