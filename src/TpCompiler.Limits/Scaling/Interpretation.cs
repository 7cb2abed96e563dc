using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// Runs statements with sizes in place of values. W x costs b − ½ a Gaussian matrix; a factor u vᵀ gives u times n times the mean of v x.
/// </summary>
/// <param name="sources">What each Gaussian flips with.</param>
/// <param name="shifts">For each Gaussian, what to add to its exponent.</param>
/// <param name="leadingTerms">Leading terms of sums.</param>
/// <param name="firstOrder">Keep only what is linear in changes.</param>
/// <param name="frozen">Values whose change goes no further: outputs, when the loss derivative is to count as Θ(1).</param>
/// <param name="depth">The residual streams, where the number of layers goes to infinity too.</param>
internal sealed class Interpretation(
    IReadOnlyDictionary<string, SignClass> sources,
    IReadOnlyDictionary<string, Rational> shifts,
    LeadingTerms leadingTerms,
    bool firstOrder = false,
    IReadOnlySet<string>? frozen = null,
    DepthStack? depth = null)
{
    private const int MaximalIterations = 16;

    private readonly Dictionary<string, Size> sizes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MatrixSize> matrices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Terms> frozenChanges = new(StringComparer.Ordinal);

    private Interpretation? before;
    private Func<Instruction, Response?>? responseOf;

    /// <summary>First-order changes on top of this interpretation, which isn't run any further: what hasn't moved is looked up in it.</summary>
    /// <param name="responses">The responses of Nonlins and Moments to small changes, where they have one.</param>
    public Interpretation Moved(Func<Instruction, Response?> responses) =>
        new(sources, shifts, leadingTerms, firstOrder: true, depth: depth) { before = this, responseOf = responses };

    /// <summary>The net as training leaves it, as the start of what comes then: nothing has changed yet.</summary>
    public Interpretation AsStart()
    {
        var copy = new Interpretation(sources, shifts, leadingTerms, depth: depth);
        foreach (var (name, size) in sizes)
        {
            copy.sizes.Add(name, size with { Initial = SizeOf(name).Total, Change = Terms.Zero });
        }

        foreach (var (name, matrix) in matrices)
        {
            copy.matrices.Add(name, new MatrixSize([.. matrix.Gaussians, .. matrix.Decayed], Joined(matrix.Factors.Concat(matrix.Learned).Select(factor => factor with { Left = Settled(factor.Left), Right = Settled(factor.Right) })), []));
        }

        return copy;

        static Size Settled(Size size) => size with { Initial = size.Total, Change = Terms.Zero };
    }

    /// <summary>A copy to go on from.</summary>
    public Interpretation With(bool first, IReadOnlySet<string>? freeze)
    {
        var copy = new Interpretation(sources, shifts, leadingTerms, first, freeze, depth);
        foreach (var (name, size) in sizes)
        {
            copy.sizes.Add(name, size);
        }

        foreach (var (name, size) in matrices)
        {
            copy.matrices.Add(name, size);
        }

        return copy;
    }

    public Size SizeOf(string name) => sizes.TryGetValue(name, out var size)
        ? frozenChanges.TryGetValue(name, out var change) ? size with { Change = change } : size
        : matrices.TryGetValue(name, out var matrix) ? OfEntries(matrix)
        : before?.SizeOf(name) ?? Size.Zero;

    public MatrixSize MatrixOf(string name) => matrices.TryGetValue(name, out var matrix) ? matrix : before?.MatrixOf(name) ?? MatrixSize.Zero;

    public void Set(string name, Size size) => sizes[name] = size;

    public void Set(string name, MatrixSize size) => matrices[name] = size;

    public void Run(IEnumerable<Statement> statements)
    {
        foreach (var statement in statements)
        {
            Run(statement);
        }
    }

    public void Run(Statement statement)
    {
        switch (statement)
        {
            case Instruction.MatrixSum sum:
                matrices[sum.Result.Name] = Sum(sum, _ => true);
                break;
            case Instruction.Gaussian gaussian when gaussian.Result.Kind == ValueKind.Matrix:
                matrices[gaussian.Result.Name] = new MatrixSize([new Term(ExponentOf(gaussian), SignOf(gaussian))], [], []);
                break;
            case Instruction instruction:
                Define(instruction.Result, Of(instruction));
                break;
            case Loop loop:
                Run(loop);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The size of a body in the present state.</summary>
    public Size OfBody(Expr body) => new BodyScaling(SizeOfReference, firstOrder, leadingTerms).Of(body);

    /// <summary>The terms of a sum that are asked for.</summary>
    public MatrixSize Sum(Instruction.MatrixSum sum, Func<MatrixTerm, bool> which)
    {
        var gaussians = new List<Term>();
        var factors = new List<MatrixFactors>();
        var learned = new List<MatrixFactors>();
        var decayed = new List<Term>();
        for (var i = 0; i < sum.Terms.Count; i++)
        {
            if (!which(sum.Terms[i]))
            {
                continue;
            }

            var coefficient = OfBody(sum.Terms[i].Coefficient);
            switch (sum.Terms[i])
            {
                case MatrixTerm.Scaled scaled:
                    var matrix = MatrixOf(scaled.Matrix.Name);
                    if (coefficient.Total.Exponent is { } e)
                    {
                        gaussians.AddRange(matrix.Gaussians.Select(term => term with { Exponent = term.Exponent + e }));
                        decayed.AddRange(matrix.Decayed.Select(term => term with { Exponent = term.Exponent + e }));
                    }

                    factors.AddRange(matrix.Factors.Select(Scale));
                    learned.AddRange(matrix.Learned.Select(Scale));
                    break;
                case MatrixTerm.Outer outer:
                    var left = Size.Product(coefficient, SizeOf(outer.Left.Name), firstOrder);
                    factors.Add(new MatrixFactors($"{sum.Result.Name}.{i}", left, SizeOf(outer.Right.Name)));
                    break;
            }

            MatrixFactors Scale(MatrixFactors factor) => factor with { Left = Size.Product(coefficient, factor.Left, firstOrder) };
        }

        return new MatrixSize(gaussians, Joined(factors), Joined(learned)) { Decayed = decayed };
    }

    public static IReadOnlyList<MatrixFactors> Joined(IEnumerable<MatrixFactors> factors) => factors
        .GroupBy(factor => factor.Site, StringComparer.Ordinal)
        .Select(group => group.Aggregate((x, y) => new MatrixFactors(x.Site, Size.Sum(x.Left, y.Left), Size.Sum(x.Right, y.Right))))
        .ToList();

    private void Define(Definition result, Size size)
    {
        if (result.Kind == ValueKind.Scalar)
        {
            size = size.Map(terms => terms.WithoutSigns());
        }

        if (frozen is not null && frozen.Contains(result.Name))
        {
            frozenChanges[result.Name] = size.Change;
            size = size with { Change = Terms.Zero };
        }

        sizes[result.Name] = size;
    }

    private Size Of(Instruction instruction) => instruction switch
    {
        Instruction.Gaussian g => new Size(Terms.Of(ExponentOf(g), SignOf(g)), Terms.Zero),
        Instruction.Data => Size.One,
        Instruction.MatMul product => Apply(MatrixOf(product.Matrix.Name), product.Transposed, SizeOf(product.Vector.Name)),
        Instruction.Nonlin when depth?.Links.GetValueOrDefault(instruction.Result.Name) is { } link =>
            Size.Sum(OfBody(link.Stream), OfBody(link.Branch).Map(added => depth.Accumulated(link, added))),
        Instruction.Nonlin or Instruction.Moment when responseOf?.Invoke(instruction) is { } response =>
            before!.SizeOf(instruction.Result.Name) with { Change = response.To(name => SizeOf(name).Change) },
        Instruction.Nonlin nonlin => OfBody(nonlin.Body) with { IsNonNegative = nonlin.Result.Kind == ValueKind.Scalar && IsNonNegative(nonlin.Body) },
        Instruction.Moment moment => OfBody(moment.Body).Map(terms => terms.Mean()),
        _ => throw new UnreachableException(),
    };

    private bool IsNonNegative(Expr body) => new BodyScaling(SizeOfReference, firstOrder, leadingTerms).IsNonNegative(body);

    private Size SizeOfReference(Expr.Reference reference) => sizes.TryGetValue(reference.Name, out var size) ? size : before?.SizeOfReference(reference) ?? Size.Zero;

    private Size Apply(MatrixSize matrix, bool transposed, Size x)
    {
        var y = Size.Zero;
        foreach (var gaussian in matrix.Gaussians)
        {
            y = Size.Sum(y, x.Map(terms => Product(gaussian, terms)));
        }

        foreach (var gaussian in matrix.Decayed)
        {
            y = y with { Change = Terms.Sum(y.Change, Product(gaussian, x.Total)) };
        }

        foreach (var factor in matrix.Factors)
        {
            var (u, v) = transposed ? (factor.Right, factor.Left) : (factor.Left, factor.Right);
            y = Size.Sum(y, Size.Product(u, InnerProduct(v, x, firstOrder), firstOrder));
        }

        foreach (var factor in matrix.Learned)
        {
            var (u, v) = transposed ? (factor.Right, factor.Left) : (factor.Left, factor.Right);
            var inner = firstOrder ? InnerProduct(v, x with { Change = Terms.Zero }, true) : InnerProduct(v, x, false);
            y = y with { Change = Terms.Sum(y.Change, Terms.Product(u.Total, inner.Total)) };
        }

        return y;
    }

    private static Terms Product(Term gaussian, Terms x) => x.Select(term => new Term(term.Exponent + gaussian.Exponent - Rational.Half, term.Class * gaussian.Class));

    /// <summary>vᵀx = n · (1/n) Σ_α v_α x_α.</summary>
    private static Size InnerProduct(Size v, Size x, bool firstOrder) => Size.Product(v, x, firstOrder).Map(terms => terms.Mean().Times(-1));

    private static Size OfEntries(MatrixSize matrix)
    {
        var initial = matrix.Gaussians.Aggregate(Terms.Zero, (sum, term) => Terms.Sum(sum, Terms.Of(term.Exponent, term.Class)));
        var factors = matrix.Factors.Aggregate(Size.Zero, (sum, factor) => Size.Sum(sum, Size.Product(factor.Left, factor.Right, firstOrder: false)));
        var learned = matrix.Learned.Aggregate(Terms.Zero, (sum, factor) => Terms.Sum(sum, Terms.Product(factor.Left.Total, factor.Right.Total)));
        var decayed = matrix.Decayed.Aggregate(learned, (sum, term) => Terms.Sum(sum, Terms.Of(term.Exponent, term.Class)));
        return new Size(Terms.Sum(initial, factors.Initial), Terms.Sum(factors.Change, decayed));
    }

    /// <summary>A loop that trains nothing: what it carries has one size, found as a fixed point. Exponents that keep falling stay where they are when the iterations end.</summary>
    private void Run(Loop loop)
    {
        foreach (var carried in loop.Carried)
        {
            Copy(carried.Initial, carried.State.Name);
        }

        for (var i = 0; i < Math.Min(loop.Count, MaximalIterations); i++)
        {
            Run(loop.Body);
            var stable = true;
            foreach (var carried in loop.Carried)
            {
                stable &= Join(carried.State.Name, carried.Next);
            }

            if (stable)
            {
                break;
            }
        }
    }

    private void Copy(string from, string to)
    {
        if (matrices.TryGetValue(from, out var matrix))
        {
            matrices[to] = matrix;
        }
        else
        {
            sizes[to] = sizes.GetValueOrDefault(from, Size.Zero);
        }
    }

    private bool Join(string state, string next)
    {
        if (matrices.TryGetValue(next, out var after))
        {
            var before = MatrixOf(state);
            var joined = new MatrixSize(
                before.Gaussians.Concat(after.Gaussians).GroupBy(term => term.Class).Select(group => group.MinBy(term => term.Exponent)!).ToList(),
                Joined(before.Factors.Concat(after.Factors)),
                Joined(before.Learned.Concat(after.Learned)))
            { Decayed = after.Decayed };
            matrices[state] = joined;
            return joined.Gaussians.SequenceEqual(before.Gaussians) && joined.Factors.SequenceEqual(before.Factors) && joined.Learned.SequenceEqual(before.Learned);
        }

        var size = Size.Sum(sizes[state], sizes.GetValueOrDefault(next, Size.Zero));
        var same = size.Initial.Equals(sizes[state].Initial) && size.Change.Equals(sizes[state].Change);
        sizes[state] = size;
        return same;
    }

    private Rational ExponentOf(Instruction.Gaussian gaussian)
    {
        var variance = LeadingTerm.Of(gaussian.Variance, _ => 0, _ => 1)?.Order ?? 0;
        return (variance / 2) + shifts.GetValueOrDefault(gaussian.Result.Name);
    }

    private SignClass SignOf(Instruction.Gaussian gaussian) => gaussian.Result.Kind == ValueKind.Scalar ? SignClass.Even : sources[gaussian.Result.Name];
}
