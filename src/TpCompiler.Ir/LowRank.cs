using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// Vectors with many rows that are linear combinations of few, read as these combinations. The adapted input weights of 32 tasks, U'[b,i] = U[i] − η Σ_k dh[b,k] x[b,k,i] over 784 inputs i, are
/// 25 088 rows made of 784 + 160; what reads them, Σ_i U'[b,i] u[b,i], becomes Σ_i U[i] u[b,i] − η Σ_k dh[b,k] (Σ_i x[b,k,i] u[b,i]): one product with U for all tasks, and inner
/// products of data. The same numbers up to rounding, as sums are taken in another order.
/// </summary>
public sealed class LowRank
{
    /// <summary>A vector has many rows when it has this many times those of the vectors that it is made of.</summary>
    private const int LeastRatio = 2;

    private readonly Program program;
    private readonly Func<string, int> sizeOfAxis;
    private readonly Dictionary<string, Definition> definitions;
    private readonly Dictionary<string, ValueList<Term>> expanded = new(StringComparer.Ordinal);
    private readonly HashSet<string> kept;
    private readonly NameSupply supply;

    private LowRank(Program program, Func<string, int> sizeOfAxis, IEnumerable<string> keep)
    {
        this.program = program;
        this.sizeOfAxis = sizeOfAxis;
        definitions = program.Body.Definitions().Concat(program.Parameters.Select(parameter => parameter.Type)).DistinctBy(definition => definition.Name)
            .ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        supply = new NameSupply(definitions.Keys);
        kept = [.. keep, .. program.Outputs, .. program.Parameters.Select(parameter => parameter.Initial)];
        foreach (var loop in program.Body.WithDepth().Select(entry => entry.Statement).OfType<Loop>())
        {
            kept.UnionWith(loop.Carried.SelectMany(carried => new[] { carried.Initial, carried.Next }));
        }
    }

    /// <summary>The program in which such vectors are read as what they are made of, and are gone.</summary>
    /// <param name="program">Any program.</param>
    /// <param name="sizeOfAxis">The size of each finite axis.</param>
    /// <param name="keep">Names that somebody asks for, besides the outputs.</param>
    public static Program Expand(Program program, Func<string, int> sizeOfAxis, IEnumerable<string> keep)
    {
        var pass = new LowRank(program, sizeOfAxis, keep);
        pass.Find();
        return pass.expanded.Count == 0
            ? program
            : program with
            {
                Adapted = program.Adapted.Where(name => !pass.expanded.ContainsKey(name)).ToValueList(),
                Body = pass.InBlock(program.Body, new Dictionary<Expr, Definition>()),
            };
    }

    /// <summary>Vectors of low rank whose every reader is linear in them. In order: the terms of one are those of others before it.</summary>
    private void Find()
    {
        var readers = program.Body.Instructions().SelectMany(instruction => instruction.Reads().Select(read => (read, instruction)))
            .ToLookup(pair => pair.read, pair => pair.instruction, StringComparer.Ordinal);
        foreach (var nonlin in program.Body.Instructions().OfType<Instruction.Nonlin>().Where(nonlin => nonlin.Result.Kind == ValueKind.Vector))
        {
            var name = nonlin.Result.Name;
            if (!kept.Contains(name) && TermsOf(nonlin) is { } terms && terms.Select(term => term.Vector.Name).Distinct().Sum(vector => Rows(definitions[vector].Indices)) * LeastRatio < Rows(nonlin.Result.Indices)
                && readers[name].All(reader => reader is Instruction.Nonlin { Result.Kind: ValueKind.Vector } use && LinearTermsOf(use) is { } read
                    && read.Where(term => term.Vector.Name == name).All(term => term.Vector.Indices.All(index => index is Index.Variable or Index.Fixed))))
            {
                expanded[name] = terms;
            }
        }
    }

    private long Rows(IEnumerable<IndexBinder> binders) => binders.Aggregate(1L, (rows, binder) => rows * sizeOfAxis(binder.Axis));

    private ValueList<Statement> InBlock(IEnumerable<Statement> block, IReadOnlyDictionary<Expr, Definition> outer)
    {
        var parts = new Dictionary<Expr, Definition>(outer);
        var statements = new List<Statement>();
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Loop loop:
                    statements.Add(loop with { Body = InBlock(loop.Body, parts) });
                    break;
                case Instruction.Nonlin nonlin when expanded.ContainsKey(nonlin.Result.Name):
                    break;
                case Instruction.Nonlin nonlin when nonlin.Reads().Any(expanded.ContainsKey):
                    var terms = TermsOf(nonlin)!;
                    statements.Add(nonlin with { Body = Expr.SumOf(terms.Select(term => Written(term, terms.Count == 1, nonlin, parts, statements))) });
                    break;
                default:
                    statements.Add(statement);
                    break;
            }
        }

        return statements.ToValueList();
    }

    /// <summary>A term of an instruction's body: sums that the vector doesn't take part in are scalars of their own, other sums are vectors of their own; what is there already is used again.</summary>
    private Expr Written(Term term, bool alone, Instruction.Nonlin nonlin, Dictionary<Expr, Definition> parts, List<Statement> statements)
    {
        var binders = nonlin.Result.Indices.Concat(term.Over).ToList();
        var inner = term.Over.Where(binder => !term.Vector.FreeIndices().Contains(binder.Name)).ToList();
        var coefficient = term.Coefficient;
        foreach (var binder in inner.OrderByDescending(binder => sizeOfAxis(binder.Axis)))
        {
            // One index at a time, the longest first: Σ_k g[k] (Σ_i x[k,i] u[i]).
            var summed = Factors(coefficient).ToLookup(factor => factor.FreeIndices().Contains(binder.Name));
            coefficient = Expr.ProductOf([.. summed[false], Part(Expr.SumOver(binder, Expr.ProductOf(summed[true])), [])]);
        }

        var outer = term.Over.Except(inner).ToList();
        if (outer.Count == 0 || alone)
        {
            return outer.Aggregate(coefficient * term.Vector, (body, binder) => Expr.SumOver(binder, body));
        }

        // What doesn't take part in the sum is no part of it: Σ_i U[i] x[b,i] is the same vector after every inner step.
        var inSum = Factors(coefficient).ToLookup(factor => factor.FreeIndices().Overlaps(outer.Select(binder => binder.Name)));
        return Expr.ProductOf(inSum[false]) * Part(outer.Aggregate(Expr.ProductOf(inSum[true]) * term.Vector, (body, binder) => Expr.SumOver(binder, body)), definitions[term.Vector.Name].Widths);

        Expr Part(Expr body, ValueList<string> widths)
        {
            var free = binders.Where(binder => body.FreeIndices().Contains(binder.Name)).ToList();
            var canonical = Canonical(body, free);
            if (!parts.TryGetValue(canonical, out var part))
            {
                part = new Definition(supply.Fresh($"{nonlin.Result.Name}_part"), free.ToValueList(), widths);
                parts[canonical] = part;
                statements.Add(new Instruction.Nonlin(part, body) { Origin = nonlin.Origin });
                return part.AsReference();
            }

            return new Expr.Reference(part.Name, free.Select(binder => (Index)binder.Name).ToValueList());
        }
    }

    private static IEnumerable<Expr> Factors(Expr expr) => expr is Expr.Multiply product ? product.Factors : [expr];

    /// <summary>The body with its free indices named by their places, so that equal bodies are equal.</summary>
    private static Expr Canonical(Expr body, IReadOnlyList<IndexBinder> free)
    {
        var places = free.Select((binder, place) => (binder, place)).ToDictionary(pair => pair.binder.Name, pair => (Index)new Index.Variable($"{pair.binder.Axis}#{pair.place}"));
        var depth = 0;
        return Bound(body.ReplaceIndices(places));

        Expr Bound(Expr expr) => expr is Expr.Sum sum && $"#{depth++}" is var name
            ? Expr.SumOver(sum.Index with { Name = name }, Bound(sum.Body.RenameIndex(sum.Index.Name, name)))
            : expr.MapChildren(Bound);
    }

    /// <summary>The instruction's terms, with the vectors of low rank read as theirs; null when it isn't linear.</summary>
    private ValueList<Term>? TermsOf(Instruction.Nonlin nonlin)
    {
        if (LinearTermsOf(nonlin) is not { } terms)
        {
            return null;
        }

        var taken = nonlin.Result.Indices.Select(binder => binder.Name).Concat(terms.SelectMany(term => term.Over).Select(binder => binder.Name)).Concat(NamesIn(nonlin.Body)).ToHashSet(StringComparer.Ordinal);
        return terms.SelectMany(term => expanded.TryGetValue(term.Vector.Name, out var those) ? those.Select(inner => Inserted(term, inner)) : [term]).ToValueList();

        Term Inserted(Term outer, Term inner)
        {
            var map = definitions[outer.Vector.Name].Indices.Zip(outer.Vector.Indices).ToDictionary(pair => pair.First.Name, pair => pair.Second, StringComparer.Ordinal);
            var over = new List<IndexBinder>(outer.Over);
            foreach (var binder in inner.Over)
            {
                var name = IndexSubstitution.FreshName(binder.Name, taken);
                taken.Add(name);
                map[binder.Name] = new Index.Variable(name);
                over.Add(binder with { Name = name });
            }

            var coefficient = inner.Coefficient.RenameSumsApart(taken).ReplaceIndices(map);
            taken.UnionWith(NamesIn(coefficient));
            return new Term(over.ToValueList(), outer.Coefficient * coefficient, (Expr.Reference)((Expr)inner.Vector).ReplaceIndices(map));
        }
    }

    private static IEnumerable<string> NamesIn(Expr expr) => expr.DescendantsAndSelf().SelectMany<Expr, string>(part => part is Expr.Sum sum ? [sum.Index.Name] : part is Expr.Reference reference ? reference.FreeIndices() : []);

    /// <summary>Σ_terms Σ_over coefficient · vector; null when the body is not linear in its vectors.</summary>
    private ValueList<Term>? LinearTermsOf(Instruction.Nonlin nonlin)
    {
        var taken = nonlin.Result.Indices.Select(binder => binder.Name).Concat(NamesIn(nonlin.Body)).ToHashSet(StringComparer.Ordinal);
        return Of(nonlin.Body);

        ValueList<Term>? Of(Expr expr)
        {
            switch (expr)
            {
                case Expr.Constant { IsZero: true }:
                    return [];
                case Expr.Reference reference when IsVector(reference):
                    return [new Term([], Expr.One, reference)];
                case Expr.Add add:
                    var parts = add.Terms.Select(Of).ToList();
                    return parts.Contains(null) ? null : parts.SelectMany(part => part!).ToValueList();
                case Expr.Multiply product when product.Factors.Where(HasVector).ToList() is [var wide]:
                    var scalar = Expr.ProductOf(product.Factors.Where(factor => !HasVector(factor)));
                    return Of(wide)?.Select(term => term with { Coefficient = scalar * term.Coefficient }).ToValueList();
                case Expr.Sum { Index: { Below: null } binder } sum:
                    var name = IndexSubstitution.FreshName(binder.Name + "'", taken);
                    taken.Add(name);
                    return Of(sum.Body.RenameIndex(binder.Name, name))?.Select(term => term with { Over = [binder with { Name = name }, .. term.Over] }).ToValueList();
                default:
                    return null;
            }
        }
    }

    private bool HasVector(Expr expr) => expr.References().Any(IsVector);

    private bool IsVector(Expr.Reference reference) => definitions[reference.Name].Kind == ValueKind.Vector;

    /// <summary>Σ_over coefficient · vector.</summary>
    private sealed record Term(ValueList<IndexBinder> Over, Expr Coefficient, Expr.Reference Vector);
}
