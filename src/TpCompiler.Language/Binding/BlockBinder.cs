using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>The statements of a program or network, in order.</summary>
internal sealed class BlockBinder(Block block, bool isNetwork)
{
    private IReadOnlyList<FlatStatement> statements = [];

    /// <summary>The weights, in the order of the source.</summary>
    public List<WeightShape> Weights { get; } = [];

    /// <summary>Those of them that are the blocks of one declaration.</summary>
    public List<WeightBlocks> Blocks { get; } = [];

    /// <summary>What is returned.</summary>
    public List<Value> Results { get; } = [];

    /// <summary>The weights that loops declare.</summary>
    public List<WeightFamily> Looped { get; } = [];

    public bool Returned { get; private set; }

    /// <summary>Whether a weight is declared, well formed or not.</summary>
    public bool HasWeights { get; private set; }

    /// <summary>Widths, axes and weights: they say what a parametrization speaks of, before any product with a weight is written down.</summary>
    public void Declarations(ValueList<StatementSyntax> syntax)
    {
        statements = Unrolling.Of(block, syntax);
        foreach (var (statement, counters, _) in statements)
        {
            if (Defined(statement, counters) is { } name)
            {
                block.Later.Add(name);
            }
        }

        foreach (var (statement, counters, _) in statements)
        {
            switch (statement)
            {
                case StatementSyntax.Width width:
                    Width(width, counters);
                    break;
                case StatementSyntax.Axis axis:
                    Axis(axis, counters);
                    break;
                case StatementSyntax.Weight weight:
                    Weight(weight, counters);
                    break;
            }
        }

        block.Supply = new NameSupply(block.Later.Concat(block.Names.Keys).Concat(Weights.Select(w => w.Name + "_0")));
    }

    /// <summary>The instructions.</summary>
    public void Instructions()
    {
        foreach (var (statement, counters, ends) in statements)
        {
            var before = block.Statements.Count;
            switch (statement)
            {
                case StatementSyntax.Random random:
                    Random(random, counters);
                    break;
                case StatementSyntax.Assignment assignment:
                    Assignment(assignment, counters);
                    break;
                case StatementSyntax.Return result:
                    Return(result, counters);
                    break;
            }

            if (block.Depth is { } depth && ends.Contains(depth))
            {
                block.ReadInLayers.UnionWith(block.Statements.Skip(before).SelectMany(made => made.Reads()));
            }
        }
    }

    /// <summary>A dimension of a shape; null with an error. Without <paramref name="declare"/> its name must be known.</summary>
    public Dimension? Dimension(ExpressionSyntax syntax, IReadOnlyDictionary<string, Meaning> counters, bool declare = false)
    {
        if (syntax is ExpressionSyntax.Name { Indices.Count: 0 } name && !counters.ContainsKey(name.Text))
        {
            if (block.IsWidth(name.Text))
            {
                return new Dimension(name.Text, null);
            }

            if (block.FindAxis(name.Text) is { } axis)
            {
                return axis.Size == 1 ? new Dimension(null, null) : new Dimension(null, axis.Name);
            }

            if (!declare)
            {
                block.Unknown(name.Text, name.Span);
                return null;
            }

            block.Axes.Add(new Axis(name.Text, null));
            return new Dimension(null, name.Text);
        }

        if (new ExpressionBinder(block, "", counters).Integer(syntax) is not { } size)
        {
            return null;
        }

        if (size < 1)
        {
            block.Report(Codes.InvalidDimension, syntax.Span, size);
            return null;
        }

        if (size == 1)
        {
            return new Dimension(null, null);
        }

        var numbered = Block.NameOfSize(size);
        if (block.FindAxis(numbered) is null)
        {
            block.Axes.Add(new Axis(numbered, size));
        }

        return new Dimension(null, numbered);
    }

    private string? TargetName(TargetSyntax target, IReadOnlyDictionary<string, Meaning> counters)
    {
        if (target.Indices.Count == 0)
        {
            return target.Name.Text;
        }

        var indices = target.Indices.Select(index => new ExpressionBinder(block, "", counters).Integer(index)).ToList();
        return indices.Any(i => i is null) ? null : Families.Member(target.Name.Text, indices.Select(i => i!.Value));
    }

    private string? Defined(StatementSyntax statement, IReadOnlyDictionary<string, Meaning> counters) => statement switch
    {
        StatementSyntax.Width w => w.Name.Text,
        StatementSyntax.Axis a => a.Name.Text,
        StatementSyntax.Random r => Quiet(r.Target, counters),
        StatementSyntax.Weight w => Quiet(w.Target, counters),
        StatementSyntax.Assignment a => Quiet(a.Target, counters),
        _ => null,
    };

    private string? Quiet(TargetSyntax target, IReadOnlyDictionary<string, Meaning> counters)
    {
        var indices = target.Indices.Select(index => new ExpressionBinder(block, "", counters).Integer(index, quiet: true)).ToList();
        return indices.Any(i => i is null) ? null : indices.Count == 0 ? target.Name.Text : Families.Member(target.Name.Text, indices.Select(i => i!.Value));
    }

    private void Width(StatementSyntax.Width width, IReadOnlyDictionary<string, Meaning> counters)
    {
        if (!block.Declare(width.Name.Text, width.Name.Span))
        {
            return;
        }

        if (block.FindAxis(width.Name.Text) is not null)
        {
            block.Axes.RemoveAll(axis => axis.Name == width.Name.Text);
        }

        Rational ratio = 1;
        if (width.Ratio is { } syntax)
        {
            var value = new ExpressionBinder(block, "", counters).Value(syntax);
            if (value is null)
            {
                return;
            }

            if (block.Widths.Count == 0 || (value.Expr / Expr.WidthTo(block.Widths[0].Name, 1)) is not Expr.Constant { Value: { Sign: > 0 } times })
            {
                block.Report(Codes.InvalidConstant, syntax.Span, width.Name.Text, "a width is a positive rational times the first width");
            }
            else
            {
                ratio = times;
            }
        }

        block.Widths.Add(new Width(width.Name.Text, ratio));
    }

    private void Axis(StatementSyntax.Axis axis, IReadOnlyDictionary<string, Meaning> counters)
    {
        var name = axis.Name.Text;
        int? size = null;
        if (axis.Size is { } syntax)
        {
            size = new ExpressionBinder(block, "", counters).Integer(syntax);
            size = name == block.Depth && size > DepthSymbol.Shown ? DepthSymbol.Shown : size;
            if (size is < 1)
            {
                block.Report(Codes.InvalidDimension, syntax.Span, size);
                size = null;
            }
        }

        var index = block.Axes.FindIndex(a => a.Name == name);
        if (block.Declare(name, axis.Name.Span))
        {
            if (index >= 0)
            {
                block.Axes[index] = new Axis(name, size);
            }
            else
            {
                block.Axes.Add(new Axis(name, size));
            }
        }
    }

    private void Weight(StatementSyntax.Weight weight, IReadOnlyDictionary<string, Meaning> counters)
    {
        if (!isNetwork)
        {
            block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(weight.Span), "a weight in a program").WithHelp("a program has `matrix` and `vector`; weights stand in a `network`"));
            return;
        }

        HasWeights = true;
        if (TargetName(weight.Target, counters) is not { } name || !block.Declare(name, weight.Target.Span))
        {
            return;
        }

        if (counters.Count > 0)
        {
            Looped.Add(new WeightFamily(name, block.Source.Slice(weight.Target.Span)));
        }

        block.Names[name] = new Broken();
        var sums = weight.Shape.Select((side, at) => (Side: side as ExpressionSyntax.Sum, At: at)).Where(side => side.Side is { } sum && IsOfWidths(sum)).ToList();
        if (weight.Shape.Count == 2 && sums is [(var sides, var divided)])
        {
            InBlocks(weight, name, sides!, divided, counters);
            return;
        }

        if (sums.Count > 0)
        {
            block.Report(Codes.ShapeMismatch, weight.Span, block.Source.Slice(weight.Span), "one side of a matrix may be a sum, `[n, n + m]` or `[n + m, n]`");
            return;
        }

        var dimensions = weight.Shape.Select(d => Dimension(d, counters)).ToList();
        if (dimensions.Count > 2)
        {
            block.Report(Codes.ShapeMismatch, weight.Span, block.Source.Slice(weight.Span), "a weight has at most two dimensions");
        }
        else if (!dimensions.Contains(null))
        {
            Weights.Add(new WeightShape(name, dimensions.ToValueList()!, weight.Target.Span));
        }
    }

    /// <summary>n + m: the sides of streams that stand side by side.</summary>
    private bool IsOfWidths(ExpressionSyntax.Sum sum) => sum.Terms.All(term => !term.Minus) && sum.Terms.Any(term => term.Term is ExpressionSyntax.Name { Indices.Count: 0 } side && block.IsWidth(side.Text));

    /// <summary><c>W : [n, n + m]</c>: a weight for each term of the sum, W_1 and W_2.</summary>
    private void InBlocks(StatementSyntax.Weight weight, string name, ExpressionSyntax.Sum sides, int divided, IReadOnlyDictionary<string, Meaning> counters)
    {
        var whole = Dimension(weight.Shape[1 - divided], counters);
        var parts = new List<string>();
        foreach (var (i, term) in sides.Terms.Index())
        {
            var part = $"{name}_{i + 1}";
            if (Dimension(term.Term, counters) is not { } side || whole is null || !block.Declare(part, weight.Target.Span))
            {
                return;
            }

            block.Names[part] = new Broken();
            Weights.Add(new WeightShape(part, divided == 0 ? [side, whole] : [whole, side], weight.Target.Span));
            parts.Add(part);
        }

        Blocks.Add(new WeightBlocks(name, parts.ToValueList(), divided == 0));
    }

    /// <summary><c>matrix A : [n, n] ~ normal(0, 1/n)</c>.</summary>
    private void Random(StatementSyntax.Random random, IReadOnlyDictionary<string, Meaning> counters)
    {
        if (TargetName(random.Target, counters) is not { } name || !block.Declare(name, random.Target.Span))
        {
            return;
        }

        block.Names[name] = new Broken();
        var dimensions = random.Shape.Select(d => Dimension(d, counters)).ToList();
        if (dimensions.Contains(null))
        {
            return;
        }

        var wide = dimensions.Where(d => d!.IsWide).Select(d => d!.Width!).ToValueList();
        var expected = random.Kind switch { "matrix" => 2, "vector" => 1, _ => 0 };
        if (wide.Count != expected || (expected == 2 && dimensions.Count != 2))
        {
            var finite = random.Shape.Zip(dimensions).FirstOrDefault(pair => !pair.Second!.IsWide).First;
            if (finite is not null && wide.Count < expected)
            {
                block.Report(Codes.FiniteUsedAsWidth, finite.Span, block.Source.Slice(finite.Span), $"a {random.Kind}");
            }
            else
            {
                block.Report(Codes.ShapeMismatch, random.Span, block.Source.Slice(random.Span), $"a {random.Kind} is over {expected} widths");
            }

            return;
        }

        if (random.Law is not ExpressionSyntax.Call { Function.Text: "normal", Arguments: [{ Value: var mean }, { Value: var variance }] })
        {
            block.Report(Codes.NotGaussianAtInit, random.Law.Span, name, $"given by `{block.Source.Slice(random.Law.Span)}`, not by `normal(0, variance)`");
            return;
        }

        var binder = new ExpressionBinder(block, "", counters);
        if (binder.Value(mean) is not { } centre || binder.Value(variance) is not { } spread)
        {
            return;
        }

        if (expected == 2 && centre.Rational is not { IsZero: true })
        {
            block.Report(Codes.NotGaussianAtInit, mean.Span, name, "not centred at 0");
            return;
        }

        if (centre.Expr.References().Any() || centre.Expr.DescendantsAndSelf().Any(e => e is Expr.Call))
        {
            block.Report(Codes.InvalidConstant, mean.Span, block.Source.Slice(mean.Span), "a mean is a number times powers of widths");
            return;
        }

        if (spread.Expr.References().Any() || spread.Expr.DescendantsAndSelf().Any(e => e is Expr.Call) || spread.Rational is { Sign: <= 0 }
            || Expr.SplitCoefficient(spread.Expr).Coefficient.Sign < 0)
        {
            block.Report(Codes.InvalidConstant, variance.Span, block.Source.Slice(variance.Span), "a variance is a positive number times powers of widths");
            return;
        }

        if (expected == 2 && !wide.Any(width => !(spread.Expr * Expr.WidthTo(width, 1)).DescendantsAndSelf().Any(e => e is Expr.WidthPower)))
        {
            block.Report(Codes.VarianceNotScaled, variance.Span, name, block.Source.Slice(variance.Span), wide[1]);
            return;
        }

        var indices = dimensions.Where(d => d!.Axis is not null).Select(d => block.BinderOf(d!.Axis!)).ToValueList();
        var isCentred = centre.Rational is { IsZero: true };
        var value = block.Emit(new Instruction.Gaussian(new Definition(isCentred ? name : block.Supply.Fresh(name + "_0"), indices, wide), spread.Expr), random.Span);
        if (!isCentred)
        {
            // N(µ, σ²) is µ plus the N(0, σ²) that instructions know.
            value = block.NameIt(value with { Expr = centre.Expr + value.Expr }, name, random.Span);
        }

        block.Names[name] = expected == 2 ? new Matrix(name, dimensions[0]!, dimensions[1]!, 0, false) : value;
    }

    private void Assignment(StatementSyntax.Assignment assignment, IReadOnlyDictionary<string, Meaning> counters)
    {
        if (!block.HasOneTarget(assignment) || TargetName(assignment.Target, counters) is not { } name)
        {
            return;
        }

        var isNew = block.Declare(name, assignment.Target.Span);
        if (new ExpressionBinder(block, name, counters).Operand(assignment.Value) is { } value && isNew)
        {
            block.Names[name] = ExpressionBinder.Named(block, value, name, assignment.Span);
        }
        else if (isNew)
        {
            // What is wrong has been said once: its uses are not unknown.
            block.Names[name] = new Broken();
        }
    }

    private void Return(StatementSyntax.Return result, IReadOnlyDictionary<string, Meaning> counters)
    {
        Returned = true;
        for (var i = 0; i < result.Values.Count; i++)
        {
            var syntax = result.Values[i];
            var name = result.Values.Count == 1 ? "f" : $"f{i + 1}";
            if (new ExpressionBinder(block, name, counters).Value(syntax) is not { } value)
            {
                continue;
            }

            if (value.Width is not null && isNetwork)
            {
                block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(syntax.Span), "what the network returns", value.Kind, "a scalar")
                    .WithHelp("an output weight, such as `weight V : [1, n]`, makes scalars of a vector"));
                continue;
            }

            var isNamed = value.Expr is Expr.Reference reference && !block.Anonymous.Contains(reference.Name)
                && block.Names.GetValueOrDefault(reference.Name) is Value named && named.Indices.Equals(value.Indices) && block.Statements.OfType<Instruction>().Any(s => s.Result.Name == reference.Name && s is not Instruction.Data);
            Results.Add(isNamed ? value : block.NameIt(value, block.Supply.Fresh(name), syntax.Span));
        }
    }
}
