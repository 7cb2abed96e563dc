using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// The closed recurrence of a linear net with one hidden layer: every vector stays in the span of the initial Gaussians, so the limit is a recurrence in
/// finitely many numbers, the (A, B, C, D) of arXiv 2011.14522, section 5. It holds for any program without Gaussian matrices whose vectors are linear.
/// </summary>
internal sealed class CoefficientRecurrence
{
    /// <summary>Parts of an expression that is put into others as it stands.</summary>
    private const int Longest = 120;

    private readonly Program program;
    private readonly Loop loop;
    private readonly TimeFrame frame;
    private readonly List<Instruction.Gaussian> basis;
    private readonly Dictionary<string, Instruction.Nonlin> vectors;
    private readonly Dictionary<(string Vector, string Gaussian), string> letters = [];
    private readonly List<Instruction.Nonlin> named = [];

    private CoefficientRecurrence(Program program, Loop loop)
    {
        this.program = program;
        this.loop = loop;
        frame = new TimeFrame(program);
        basis = [.. program.Body.OfType<Instruction.Gaussian>()];
        vectors = loop.Body.OfType<Instruction.Nonlin>().Where(nonlin => nonlin.Result.Kind == ValueKind.Vector).ToDictionary(nonlin => nonlin.Result.Name, StringComparer.Ordinal);
        // Letters that mean something else here or in the notation are left out.
        HashSet<string> taken = ["E", "K", "Z", .. program.Body.Definitions().Select(definition => definition.Name)];
        var names = Enumerable.Range('A', 26).Select(letter => ((char)letter).ToString())
            .Concat(Enumerable.Range(1, int.MaxValue).Select(number => FormattableString.Invariant($"A{number}")))
            .Where(name => !taken.Contains(name)).GetEnumerator();
        foreach (var carried in loop.Carried.Where(carried => carried.State.Kind == ValueKind.Vector))
        {
            Name(carried.State.Name);
        }

        // What would be a line of its own length again in every equation that it is put into has coefficients of its own.
        Dictionary<string, int> sizes = new(StringComparer.Ordinal);
        foreach (var nonlin in vectors.Values)
        {
            var size = nonlin.Body.DescendantsAndSelf().Sum(part => part is Expr.Reference reference ? sizes.GetValueOrDefault(reference.Name, 1) : 1);
            if (size > Longest)
            {
                named.Add(nonlin);
                Name(nonlin.Result.Name);
            }

            sizes.Add(nonlin.Result.Name, size > Longest ? 1 : size);
        }

        void Name(string vector)
        {
            foreach (var gaussian in basis)
            {
                names.MoveNext();
                letters[(vector, gaussian.Result.Name)] = names.Current;
            }
        }
    }

    /// <summary>The recurrence, or null for a program that has none of this form.</summary>
    public static EquationSection? Of(Program program)
    {
        if (program.Body.OfType<Loop>().ToList() is not [var loop]
            || program.Body.Instructions().Any(instruction => instruction.Result.Kind == ValueKind.Matrix)
            || program.Body.OfType<Instruction.Gaussian>().Any(gaussian => gaussian.Result.Kind != ValueKind.Vector))
        {
            return null;
        }

        try
        {
            return new CoefficientRecurrence(program, loop).Section();
        }
        catch (NotLinearException)
        {
            return null;
        }
    }

    private EquationSection Section()
    {
        var equations = new List<Equation>();
        foreach (var vector in loop.Carried.Select(carried => carried.State).Where(state => state.Kind == ValueKind.Vector).Concat(named.Select(nonlin => nonlin.Result)))
        {
            var at = vector.Indices.Select(binder => (Index)binder.Name).ToList();
            equations.Add(new(
                LimitSymbol.Z(vector.Name, [loop.Counter, .. at]),
                Relation.Equal,
                Expr.SumOf(basis.Select(gaussian => OverBasis(gaussian, vector.Indices, by =>
                    Letter(vector.Name, gaussian, loop.Counter, at, by) * LimitSymbol.Z(frame.Name(gaussian.Result.Name), [new Index.Fixed(0), .. by]))))));
        }

        foreach (var gaussian in basis)
        {
            foreach (var carried in loop.Carried.Where(carried => carried.Initial == gaussian.Result.Name))
            {
                var at = carried.State.Indices.Select(binder => (Index)binder.Name).ToList();
                equations.Add(new(Letter(carried.State.Name, gaussian, new Index.Fixed(0), at, at), Relation.Equal, Expr.One, "all other coefficients start at 0"));
            }
        }

        foreach (var instruction in loop.Body.OfType<Instruction>())
        {
            if (instruction is Instruction.Moment moment)
            {
                equations.Add(new(frame.Of(moment.Result.AsReference()), Relation.Equal, Expectation(moment)));
            }
            else if (named.Find(nonlin => nonlin == instruction) is { } own)
            {
                Add(own.Result, loop.Counter, (gaussian, by) => Linear(own.Body, gaussian, by));
            }
        }

        foreach (var carried in loop.Carried.Where(carried => carried.State.Kind == ValueKind.Vector))
        {
            Add(carried.State, new Index.Shifted(loop.Counter, 1), (gaussian, by) => Coefficient(new Expr.Reference(carried.Next, carried.State.AsReference().Indices), gaussian, by));
        }

        return new EquationSection("closed recurrence in coefficients", equations.ToValueList());

        void Add(Definition vector, Index time, Func<Instruction.Gaussian, IReadOnlyList<Index>, Expr> coefficient)
        {
            foreach (var gaussian in basis)
            {
                var by = BasisBinders(gaussian, vector.Indices).Select(binder => (Index)binder.Name).ToList();
                equations.Add(new(Letter(vector.Name, gaussian, time, vector.Indices.Select(binder => (Index)binder.Name), by), Relation.Equal, coefficient(gaussian, by)));
            }
        }
    }

    private static List<IndexBinder> BasisBinders(Instruction.Gaussian gaussian, ValueList<IndexBinder> taken) =>
        [.. gaussian.Result.Indices.Select(binder => taken.Any(other => other.Name == binder.Name) ? binder with { Name = binder.Name + "'" } : binder)];

    private static Expr OverBasis(Instruction.Gaussian gaussian, ValueList<IndexBinder> taken, Func<IReadOnlyList<Index>, Expr> body)
    {
        var binders = BasisBinders(gaussian, taken);
        return ((IEnumerable<IndexBinder>)binders).Reverse().Aggregate(body([.. binders.Select(binder => (Index)binder.Name)]), (sum, binder) => Expr.SumOver(binder, sum));
    }

    private Expr Letter(string state, Instruction.Gaussian gaussian, Index time, IEnumerable<Index> at, IEnumerable<Index> by) =>
        new Expr.Reference(letters[(state, gaussian.Result.Name)], [time, .. at, .. by]);

    /// <summary>The coefficient of a vector in the Gaussian at the basis indices: the body of a linear Nonlin with each vector replaced by its own.</summary>
    private Expr Coefficient(Expr.Reference vector, Instruction.Gaussian gaussian, IReadOnlyList<Index> by)
    {
        if (letters.ContainsKey((vector.Name, gaussian.Result.Name)))
        {
            return Letter(vector.Name, gaussian, loop.Counter, vector.Indices, by);
        }

        if (!vectors.TryGetValue(vector.Name, out var nonlin))
        {
            throw new NotLinearException();
        }

        var names = nonlin.Result.Indices.Select(binder => binder.Name).Zip(vector.Indices).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        return Linear(nonlin.Body.ReplaceIndices(names), gaussian, by);
    }

    private Expr Linear(Expr body, Instruction.Gaussian gaussian, IReadOnlyList<Index> by)
    {
        switch (body)
        {
            case Expr.Reference reference when frame.IsVector(reference.Name):
                return Coefficient(reference, gaussian, by);
            case Expr.Add add:
                return Expr.SumOf(add.Terms.Select(term => Linear(term, gaussian, by)));
            case Expr.Sum sum:
                // The sum must not capture an index of the basis.
                var taken = by.OfType<Index.Variable>().Select(variable => variable.Name).Concat(body.FreeIndices()).ToHashSet(StringComparer.Ordinal);
                var bound = IndexSubstitution.FreshName(sum.Index.Name, taken);
                return Expr.SumOver(sum.Index with { Name = bound }, Linear(sum.Body.RenameIndex(sum.Index.Name, bound), gaussian, by));
            case Expr.Multiply product when product.Factors.Where(HasVector).ToList() is [var only]:
                return Expr.ProductOf([.. product.Factors.Where(factor => !HasVector(factor)).Select(factor => frame.Of(factor)), Linear(only, gaussian, by)]);
            case Expr.Constant { Value.IsZero: true }:
                return Expr.Zero;
            default:
                throw new NotLinearException();
        }
    }

    private Expr Expectation(Instruction.Moment moment) => Quadratic(moment.Body, moment.Result.Indices);

    /// <summary>E of a form that is bilinear in vectors: Σ over the basis of σ² times the two coefficients.</summary>
    private Expr Quadratic(Expr body, ValueList<IndexBinder> taken)
    {
        switch (body)
        {
            case Expr.Add add:
                return Expr.SumOf(add.Terms.Select(term => Quadratic(term, taken)));
            case Expr.Sum sum:
                return Expr.SumOver(sum.Index, Quadratic(sum.Body, taken.Add(sum.Index)));
            case Expr.Power { Exponent: { IsInteger: true } two, Base: var squared } when two == 2 && HasVector(squared):
                return Pair(squared, squared, [], taken);
            case Expr.Multiply product when product.Factors.Where(HasVector).ToList() is [var first, var second]:
                return Pair(first, second, [.. product.Factors.Where(factor => !HasVector(factor)).Select(factor => frame.Of(factor))], taken);
            case Expr.Multiply product when product.Factors.Where(HasVector).ToList() is [Expr.Power { Base: var basis } power] && power.Exponent == 2:
                return Pair(basis, basis, [.. product.Factors.Where(factor => !HasVector(factor)).Select(factor => frame.Of(factor))], taken);
            default:
                throw new NotLinearException();
        }
    }

    private Expr Pair(Expr first, Expr second, IEnumerable<Expr> scalars, ValueList<IndexBinder> taken) => Expr.ProductOf([
        .. scalars,
        Expr.SumOf(basis.Select(gaussian => OverBasis(
            gaussian, [.. taken, .. InnerBinders(first), .. InnerBinders(second)], by => gaussian.Variance * Linear(first, gaussian, by) * Linear(second, gaussian, by)))),
    ]);

    /// <summary>Index names that the definitions behind an expression bind, which the basis must not capture.</summary>
    private IEnumerable<IndexBinder> InnerBinders(Expr expr) => expr.DescendantsAndSelf().OfType<Expr.Sum>().Select(sum => sum.Index)
        .Concat(expr.References().Where(reference => vectors.ContainsKey(reference.Name) && !named.Exists(nonlin => nonlin.Result.Name == reference.Name)).SelectMany(reference => InnerBinders(vectors[reference.Name].Body)));

    private bool HasVector(Expr expr) => expr.References().Any(reference => frame.IsVector(reference.Name));

    private sealed class NotLinearException : Exception;
}
