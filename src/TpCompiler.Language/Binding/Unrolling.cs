using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A statement outside of loops, with the counters of the loops that it stood in, and the names that these go up to.</summary>
internal sealed record FlatStatement(StatementSyntax Syntax, IReadOnlyDictionary<string, Meaning> Counters, ValueList<string> Ends);

/// <summary>Finite loops over layers, written out.</summary>
internal static class Unrolling
{
    public const int Most = 20_000;

    public static List<FlatStatement> Of(Block block, IEnumerable<StatementSyntax> statements)
    {
        var flat = new List<FlatStatement>();
        var list = statements.ToList();
        Add(block, list, new Dictionary<string, Meaning>(StringComparer.Ordinal), Sizes(block, list), [], flat);
        return flat;
    }

    /// <summary>The axes whose size is written down, as numbers: a loop may go up to one.</summary>
    private static Dictionary<string, Meaning> Sizes(Block block, IEnumerable<StatementSyntax> statements)
    {
        var sizes = new Dictionary<string, Meaning>(StringComparer.Ordinal);
        foreach (var axis in statements.OfType<StatementSyntax.Axis>())
        {
            if (axis.Size is { } size && new ExpressionBinder(block, "", sizes).Integer(size, quiet: true) is { } number)
            {
                sizes[axis.Name.Text] = Value.Constant(axis.Name.Text == block.Depth ? Math.Min(number, DepthSymbol.Shown) : number);
            }
        }

        return sizes;
    }

    private static bool Add(Block block, IEnumerable<StatementSyntax> statements, IReadOnlyDictionary<string, Meaning> counters, IReadOnlyDictionary<string, Meaning> sizes, ValueList<string> outer, List<FlatStatement> flat)
    {
        foreach (var statement in statements)
        {
            if (statement is not StatementSyntax.Loop loop)
            {
                flat.Add(new FlatStatement(statement, counters, outer));
                continue;
            }

            ValueList<string> all = [.. outer, .. NamesIn(loop.Last).Where(sizes.ContainsKey)];
            var known = new Dictionary<string, Meaning>(sizes, StringComparer.Ordinal);
            foreach (var (name, counter) in counters)
            {
                known[name] = counter;
            }

            var ends = new ExpressionBinder(block, "", known);
            if (ends.Integer(loop.First) is not { } first || ends.Integer(loop.Last) is not { } last)
            {
                continue;
            }

            if ((long)last - first >= Most)
            {
                block.Report(Codes.ProgramTooLarge, loop.Span, Most, "statements once its loops are written out");
                return false;
            }

            for (var i = first; i <= last; i++)
            {
                var inner = new Dictionary<string, Meaning>(counters, StringComparer.Ordinal) { [loop.Counter.Text] = Value.Constant(i) };
                var before = flat.Count;
                if (!Add(block, loop.Body, inner, sizes, all, flat))
                {
                    return false;
                }

                if (flat.Count > Most)
                {
                    block.Report(Codes.ProgramTooLarge, loop.Span, Most, "statements once its loops are written out");
                    return false;
                }

                if (flat.Count == before)
                {
                    break;
                }
            }
        }

        return true;
    }

    /// <summary>The names that loops go up to.</summary>
    public static IEnumerable<string> Ends(IEnumerable<StatementSyntax> statements) =>
        statements.OfType<StatementSyntax.Loop>().SelectMany(loop => NamesIn(loop.Last).Concat(Ends(loop.Body))).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> NamesIn(ExpressionSyntax syntax) => syntax switch
    {
        ExpressionSyntax.Name name => [name.Text],
        ExpressionSyntax.Sum sum => sum.Terms.SelectMany(term => NamesIn(term.Term)),
        ExpressionSyntax.Product product => product.Factors.SelectMany(factor => NamesIn(factor.Factor)),
        _ => [],
    };
}
