using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

public sealed partial class Backpropagation
{
    /// <summary>One term of a cotangent, at the indices of the value's definition.</summary>
    private abstract record Contribution
    {
        /// <summary>An expression, coordinate by coordinate.</summary>
        public sealed record Body(Expr Value) : Contribution;

        /// <summary>A sum over coordinates: Σ_α value.</summary>
        public sealed record Coordinates(string Width, Expr Value) : Contribution;

        /// <summary>W x or Wᵀ x with a result at exactly the value's indices.</summary>
        public sealed record Product(Expr.Reference Matrix, bool Transposed, Expr.Reference Vector) : Contribution;

        /// <summary>A term of the cotangent of a matrix.</summary>
        public sealed record Factors(MatrixTerm.Outer Term) : Contribution;
    }

    private sealed class Contributions : List<Contribution>;

    private void Add(string name, Contribution contribution)
    {
        if (!contributions.TryGetValue(name, out var list))
        {
            contributions.Add(name, list = []);
        }

        list.Add(contribution);
    }

    /// <summary>All consumers have been seen: the terms become instructions, and one cotangent.</summary>
    private void Finish(Definition definition)
    {
        if (definition.Kind == ValueKind.Matrix)
        {
            return;
        }

        var terms = contributions.GetValueOrDefault(definition.Name) ?? [];
        var direct = Expr.SumOf(terms.OfType<Contribution.Body>().Select(term => term.Value));
        var makers = terms.OfType<Contribution.Product>().Select(term => (Func<Definition, Instruction>)(result => new Instruction.MatMul(result, term.Matrix, term.Transposed, term.Vector)))
            .Concat(terms.OfType<Contribution.Coordinates>().GroupBy(term => term.Width, StringComparer.Ordinal).Select(group =>
                (Func<Definition, Instruction>)(result => new Instruction.Moment(result, group.Key, Expr.WidthTo(group.Key, 1) * Expr.SumOf(group.Select(term => term.Value))))))
            .ToList();
        var wanted = "d" + definition.Name;
        if (makers.Count == 0)
        {
            // A number needs no name.
            cotangents[definition.Name] = direct.References().Any() || direct.FreeIndices().Count > 0
                ? EmitNonlin(wanted, definition.Indices, definition.Widths, direct)
                : direct;
        }
        else if (makers.Count == 1 && direct.IsZero)
        {
            cotangents[definition.Name] = Emit(makers[0](definition with { Name = names.Fresh(wanted) }));
        }
        else
        {
            // dx itself should have the plain name, though its parts come first.
            var whole = names.Fresh(wanted);
            var parts = makers.Select((make, i) => (Expr)Emit(make(definition with { Name = names.Fresh($"{whole}_{i + 1}") }))).ToList();
            cotangents[definition.Name] = Emit(new Instruction.Nonlin(definition with { Name = whole }, Expr.SumOf([direct, .. parts])));
        }
    }

    /// <summary>The factors of the cotangent of a matrix.</summary>
    private IEnumerable<MatrixTerm.Outer> MatrixFactors(string name) =>
        (contributions.GetValueOrDefault(name) ?? []).OfType<Contribution.Factors>().Select(factors => factors.Term);

    /// <summary>The cotangent of a matrix as a value with a name; complete only after all consumers.</summary>
    private Expr.Reference MatrixCotangent(string name)
    {
        if (cotangents.TryGetValue(name, out var known))
        {
            return (Expr.Reference)known;
        }

        var result = definitions[name] with { Name = names.Fresh("d" + name) };
        var reference = Emit(new Instruction.MatrixSum(result, MatrixFactors(name).Select(MatrixTerm (term) => term).ToValueList()));
        cotangents.Add(name, reference);
        return reference;
    }
}
