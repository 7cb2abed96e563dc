using TpCompiler.Diagnostics;
using TpCompiler.Language.Syntax;

namespace TpCompiler.Language.Binding;

/// <summary>A statement outside of loops, with the counters of the loops that it stood in.</summary>
internal sealed record FlatStatement(StatementSyntax Syntax, IReadOnlyDictionary<string, Meaning> Counters);

/// <summary>Finite loops over layers, written out.</summary>
internal static class Unrolling
{
    public const int Most = 20_000;

    public static List<FlatStatement> Of(Block block, IEnumerable<StatementSyntax> statements)
    {
        var flat = new List<FlatStatement>();
        Add(block, statements, new Dictionary<string, Meaning>(StringComparer.Ordinal), flat);
        return flat;
    }

    private static bool Add(Block block, IEnumerable<StatementSyntax> statements, IReadOnlyDictionary<string, Meaning> counters, List<FlatStatement> flat)
    {
        foreach (var statement in statements)
        {
            if (statement is not StatementSyntax.Loop loop)
            {
                flat.Add(new FlatStatement(statement, counters));
                continue;
            }

            var ends = new ExpressionBinder(block, "", counters);
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
                if (!Add(block, loop.Body, inner, flat))
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
}
