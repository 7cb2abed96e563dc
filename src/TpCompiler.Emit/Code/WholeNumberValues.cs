using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Emit.Code;

/// <summary>The values that arrays of integers hold: data that chooses rows, and copies of it.</summary>
internal static class WholeNumberValues
{
    public static HashSet<string> Of(IEnumerable<Statement> body)
    {
        List<Instruction> instructions = [.. body.Instructions()];
        HashSet<string> rows = [.. instructions.SelectMany(instruction => instruction.Expressions()).SelectMany(expr => expr.References()).SelectMany(reference => reference.Indices.OfType<Index.Lookup>()).Select(lookup => lookup.Row.Name)];
        Dictionary<string, string> copies = instructions.OfType<Instruction.Nonlin>().Where(nonlin => nonlin.Body is Expr.Reference)
            .ToDictionary(nonlin => nonlin.Result.Name, nonlin => ((Expr.Reference)nonlin.Body).Name, StringComparer.Ordinal);
        HashSet<string> data = [.. instructions.OfType<Instruction.Data>().Select(read => read.Result.Name)];

        // A row is data, or a copy of data.
        HashSet<string> sources = [.. rows.Select(Source).Where(data.Contains)];
        return [.. data.Concat(copies.Keys).Where(name => sources.Contains(Source(name)))];

        string Source(string name) => copies.TryGetValue(name, out string? copied) ? Source(copied) : name;
    }
}
