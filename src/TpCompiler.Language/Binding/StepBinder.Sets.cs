using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>Sets of weights: gradients, linear combinations, sums over tasks, and networks run with them.</summary>
internal sealed partial class StepBinder
{
    private bool IsSet(ExpressionSyntax syntax) => syntax switch
    {
        ExpressionSyntax.Name { Indices.Count: 0 } n => !counters.ContainsKey(n.Text) && names.GetValueOrDefault(n.Text) is WeightSet,
        ExpressionSyntax.Name n => Member(n) is { } member && names.GetValueOrDefault(member) is WeightSet,
        ExpressionSyntax.Negate n => IsSet(n.Operand),
        ExpressionSyntax.Sum s => s.Terms.Any(t => IsSet(t.Term)),
        ExpressionSyntax.Product p => p.Factors.Any(f => IsSet(f.Factor)),
        ExpressionSyntax.Call { Function.Text: "grad" } => true,
        ExpressionSyntax.Call { Function.Text: "stop" or "sum" or "mean", Arguments.Count: > 0 } c => IsSet(c.Arguments[^1].Value),
        _ => false,
    };

    /// <summary>What an expression of sets makes: a reference without indices stands for a set.</summary>
    private sealed record Combination(Expr Value, ValueList<string> Weights, ValueList<IndexBinder> Axes);

    private WeightSet? Set(ExpressionSyntax syntax, string name, bool named)
    {
        if (syntax is ExpressionSyntax.Call { Function.Text: "grad" } gradient)
        {
            return Gradient(gradient, name);
        }

        if (Combine(syntax) is not { } combination)
        {
            return null;
        }

        statements.Add(new StepStatement.Combine(new Origin(syntax.Span, "weights"), name, combination.Value, combination.Axes, named));
        return new WeightSet(name, combination.Weights, combination.Axes, named);
    }

    private Combination? Combine(ExpressionSyntax syntax)
    {
        switch (syntax)
        {
            case ExpressionSyntax.Name n:
                var set = (WeightSet)names[n.Indices.Count == 0 ? n.Text : Member(n)!];
                return Of(set);
            case ExpressionSyntax.Negate n:
                return Combine(n.Operand) is { } operand ? operand with { Value = -operand.Value } : null;
            case ExpressionSyntax.Sum s:
                if (s.Terms.FirstOrDefault(t => !IsSet(t.Term)).Term is { } number)
                {
                    block.Report(Codes.KindMismatch, number.Span, $"`{block.Source.Slice(number.Span)}`", "a scalar", "a set of weights");
                    return null;
                }

                return Join(s.Terms.Select(t => Combine(t.Term)).ToList(), parts => Expr.SumOf(parts.Select((p, i) => s.Terms[i].Minus ? -p : p)), s.Span);
            case ExpressionSyntax.Product p:
                return Join(
                    p.Factors.Select(f => IsSet(f.Factor) ? Combine(f.Factor) : Scalar(f.Factor, "") is { } value ? new Combination(value.Expr, All, value.Indices) : null).ToList(),
                    parts => Expr.ProductOf(parts.Select((part, i) => p.Factors[i].Divide ? Expr.Pow(part, -1) : part)),
                    p.Span);
            case ExpressionSyntax.Call { Function.Text: "grad" } call:
                return Gradient(call, block.Supply.Fresh("gradient")) is { } made ? Of(made) : null;
            case ExpressionSyntax.Call { Function.Text: "stop" } call:
                return Count(call, 1) && Combine(call.Arguments[0].Value) is { } stopped ? Of(Emit(call, stopped, "stopped", named: true, constant: true)) : null;
            case ExpressionSyntax.Call call:
                return OverAxis(call);
            default:
                return null;
        }
    }

    private static Combination Of(WeightSet set) => new(Expr.Of(set.Name), set.Weights, set.Axes);

    private WeightSet Emit(ExpressionSyntax syntax, Combination combination, string wanted, bool named, bool constant = false)
    {
        var name = block.Supply.Fresh(wanted);
        statements.Add(new StepStatement.Combine(new Origin(syntax.Span, "weights"), name, combination.Value, combination.Axes, named, constant));
        return new WeightSet(name, combination.Weights, combination.Axes, named);
    }

    private Combination? Join(List<Combination?> parts, Func<List<Expr>, Expr> value, Span span)
    {
        if (parts.Contains(null))
        {
            return null;
        }

        var weights = parts.Select(p => p!.Weights).Aggregate(All, (some, others) => some.Where(others.Contains).ToValueList());
        if (weights.Count == 0)
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), "the sets have no weight in common");
            return null;
        }

        var axes = parts.SelectMany(p => p!.Axes).Distinct().OrderBy(binder => binder.Axis == Block.BatchAxis ? 0 : 1).ToValueList();
        return new Combination(value(parts.ConvertAll(p => p!.Value)), weights, axes);
    }

    private Combination? OverAxis(ExpressionSyntax.Call call)
    {
        if (!Count(call, 2) || Combine(call.Arguments[1].Value) is not { } inner)
        {
            return null;
        }

        var axis = block.Source.Slice(call.Arguments[0].Span);
        if (inner.Axes.FirstOrDefault(binder => binder.Axis == axis) is not { } over)
        {
            block.Report(Codes.ShapeMismatch, call.Span, block.Source.Slice(call.Span), $"`{block.Source.Slice(call.Arguments[1].Span)}` has no axis `{axis}`");
            return null;
        }

        var summed = Emit(call, inner, "summand", named: false);
        var name = block.Supply.Fresh("total");
        statements.Add(new StepStatement.Total(new Origin(call.Span), name, summed.Name, over));
        Expr count = block.FindAxis(axis)?.Size is { } size ? size : Expr.SumOver(over, Expr.One);
        return new Combination(
            call.Function.Text == "sum" ? Expr.Of(name) : Expr.Of(name) / count,
            inner.Weights,
            inner.Axes.Where(binder => binder != over).ToValueList());
    }

    /// <summary><c>grad(loss, weights)</c>: at each position of the axes of the loss, and of the weights.</summary>
    private WeightSet? Gradient(ExpressionSyntax.Call call, string name)
    {
        if (!Count(call, 2))
        {
            return null;
        }

        var (of, by) = (call.Arguments[0].Value, call.Arguments[1].Value);
        if (IsSet(of))
        {
            block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(of.Span), $"`{block.Source.Slice(of.Span)}`", "a set of weights", "a scalar").WithHelp("a gradient is of a scalar: `grad(loss, params)`"));
            return null;
        }

        if (Named(of, block.Later.Contains("loss") ? "objective" : "loss") is not { Expr: Expr.Reference scalar } loss)
        {
            return null;
        }

        if (by is not ExpressionSyntax.Name variable || (names.GetValueOrDefault(variable.Indices.Count == 0 ? variable.Text : Member(variable) ?? "") is not { } meaning))
        {
            if (by is ExpressionSyntax.Name { Indices.Count: 0 } unknown)
            {
                block.Unknown(unknown.Text, unknown.Span);
            }
            else
            {
                block.Report(NotWeights(by, "not a set of weights with a name"));
            }

            return null;
        }

        switch (meaning)
        {
            case Broken:
                return null;
            case WeightSet { IsNamed: true } set:
                var axes = loss.Indices.Concat(set.Axes).Distinct().OrderBy(binder => binder.Axis == Block.BatchAxis ? 0 : 1).ToValueList();
                statements.Add(new StepStatement.Gradient(new Origin(call.Span, "gradient"), name, scalar.Name, axes, set.Name, block.Source.Slice(by.Span)));
                return new WeightSet(name, set.Weights, axes, false);
            case WeightSet:
                block.Report(NotWeights(by, "a gradient or slot"));
                return null;
            default:
                block.Report(NotWeights(by, "a scalar"));
                return null;
        }
    }

    private Diagnostic NotWeights(ExpressionSyntax by, string what) =>
        Diagnostic.Create(Codes.KindMismatch, block.Place(by.Span), $"`{block.Source.Slice(by.Span)}`", what, "weights")
            .WithHelp("a gradient is by `params`, a weight of the network, or weights that a line of the step has made: `fast = params - 0.1 * grad(loss, params)`");

    private Value? Norm(ExpressionSyntax.Call call, string target)
    {
        if (!Count(call, 1))
        {
            return null;
        }

        var of = call.Arguments[0].Value;
        if (!IsSet(of))
        {
            block.Report(Codes.KindMismatch, of.Span, $"`{block.Source.Slice(of.Span)}`", "a scalar", "a gradient");
            return null;
        }

        if (Combine(of) is not { } inner)
        {
            return null;
        }

        if (inner.Axes.Count > 0)
        {
            block.Report(Codes.ShapeMismatch, of.Span, block.Source.Slice(of.Span), $"there is one gradient for each position of `{inner.Axes[0].Axis}`, and a norm is of one");
            return null;
        }

        var set = Emit(call, inner, "measured", named: false);
        var definition = new Definition(block.Supply.Fresh(target.Length > 0 ? target : "norm"), [], []);
        statements.Add(new StepStatement.Norm(new Origin(call.Span), definition.Name, set.Name));
        return Value(definition);
    }

    /// <summary><c>net(x; fast)</c>, with a name for each output, or none.</summary>
    private List<Value>? Run(ExpressionSyntax.Call call, List<string> targets)
    {
        if (!Count(call, inputs.Count))
        {
            return null;
        }

        if (outputs.Count != targets.Count)
        {
            block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(call.Span), block.Source.Slice(call.Span), $"`{network}` has {outputs.Count} outputs, and one is expected here")
                .WithHelp($"a line of its own gives each a name: `{string.Join(", ", outputs.Select((_, i) => $"f{i + 1}"))} = {block.Source.Slice(call.Span)}`"));
            return null;
        }

        var given = call.Arguments.Select(a => Named(a.Value, "x")).ToList();
        WeightSet? set = null;
        if (call.Weights is { } weights)
        {
            if (!IsSet(weights))
            {
                if (Scalar(weights, "") is { } scalar)
                {
                    block.Report(Codes.KindMismatch, weights.Span, $"`{block.Source.Slice(weights.Span)}`", scalar.Kind, "a set of weights");
                }

                return null;
            }

            set = weights is ExpressionSyntax.Name n && names[n.Indices.Count == 0 ? n.Text : Member(n)!] is WeightSet { IsNamed: true } known
                ? known
                : Combine(weights) is { } made ? Emit(weights, made, "weights", named: true) : null;
            if (set is null)
            {
                return null;
            }
        }

        if (given.Contains(null))
        {
            return null;
        }

        var extra = new List<IndexBinder>();
        for (var i = 0; i < inputs.Count; i++)
        {
            var own = inputs[i].Result.Indices.Where(binder => binder.Axis != Block.BatchAxis).ToList();
            if (own.FirstOrDefault(binder => !given[i]!.Indices.Contains(binder)) is { } missing)
            {
                block.Report(Codes.ShapeMismatch, call.Arguments[i].Span, block.Source.Slice(call.Span), $"the input `{inputs[i].Result.Name}` has the axis `{missing.Axis}`, and `{block.Source.Slice(call.Arguments[i].Span)}` lacks it");
                return null;
            }

            extra.AddRange(given[i]!.Indices.Where(binder => !own.Contains(binder)));
        }

        extra = [.. extra.Distinct()];
        if (extra.Count == 0)
        {
            block.Report(Codes.ShapeMismatch, call.Span, block.Source.Slice(call.Span), "nothing in it depends on a sample");
            return null;
        }

        // The last axis of the inputs takes the place of the batch; the others, tasks, come first.
        var samples = extra[^1];
        ValueList<IndexBinder> order = [.. extra.SkipLast(1).Concat(set?.Axes ?? []).Where(binder => binder != samples).Distinct().OrderBy(binder => binder.Axis == Block.BatchAxis ? 0 : 1), samples];
        if (order.FirstOrDefault(binder => Inner.Contains(binder.Axis)) is { } twice)
        {
            block.Report(Codes.ShapeMismatch, call.Span, block.Source.Slice(call.Span), $"the axis `{twice.Axis}` is one of the network's own");
            return null;
        }

        var results = outputs.Zip(targets, (output, target) => new Definition(
            block.Supply.Fresh(target.Length > 0 ? target : block.Later.Contains(NameOf(output)) ? NameOf(output) + "_1" : NameOf(output)),
            [.. order, .. output.Indices.Where(binder => binder.Axis != Block.BatchAxis)],
            [])).ToList();
        var definitions = given.Select(value => values[((Expr.Reference)value!.Expr).Name]).ToValueList();
        statements.Add(new StepStatement.Forward(new Origin(call.Span), results.Select(definition => definition.Name).ToValueList(), definitions, order, samples, set?.Name));
        return results.ConvertAll(Value);

        static string NameOf(Value output) => ((Expr.Reference)output.Expr).Name;
    }

    /// <summary>The axes of the network's own values.</summary>
    private HashSet<string> Inner => forward.Definitions().SelectMany(definition => definition.Indices).Concat(parameters.SelectMany(parameter => parameter.Type.Indices))
        .Concat(forward.Instructions().SelectMany(i => i.Expressions()).SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Select(sum => sum.Index))
        .Select(binder => binder.Axis).Where(axis => axis != Block.BatchAxis).ToHashSet(StringComparer.Ordinal);
}
