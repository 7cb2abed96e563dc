using System.Diagnostics;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Language.Binding;

/// <summary>
/// Expressions to values; products with matrices become instructions on the way. Null stands for what is wrong and has been reported.
/// </summary>
/// <param name="block">Where the names and instructions are.</param>
/// <param name="target">What the expression defines: the names of its parts follow it.</param>
/// <param name="constants">Counters of loops, and the arguments of functions.</param>
/// <param name="inFunction">Whether this is the body of a function, which sees its arguments alone.</param>
internal sealed partial class ExpressionBinder(Block block, string target, IReadOnlyDictionary<string, Meaning> constants, bool inFunction = false)
{
    /// <summary>Whether a whole number is being read, where a number of layers is what the source says.</summary>
    private bool counts;

    /// <summary>A whole number that is known when the program is read: the counter of a loop, a size.</summary>
    public int? Integer(ExpressionSyntax syntax, bool quiet = false)
    {
        if (quiet && !IsConstant(syntax))
        {
            return null;
        }

        var before = counts;
        counts = true;
        var found = Value(syntax);
        counts = before;
        if (found is not { } value)
        {
            return null;
        }

        if (value.Rational is { IsInteger: true } number && number.Abs <= 1_000_000_000)
        {
            return (int)number.Numerator;
        }

        if (!quiet)
        {
            block.Report(Codes.InvalidConstant, syntax.Span, block.Source.Slice(syntax.Span), "a whole number is needed here");
        }

        return null;
    }

    private bool IsConstant(ExpressionSyntax syntax) => IsNumber(syntax, constants.ContainsKey);

    /// <summary>Whether it is made of numbers and of names that are known ones.</summary>
    private static bool IsNumber(ExpressionSyntax syntax, Func<string, bool> isKnown) => syntax switch
    {
        ExpressionSyntax.Number => true,
        ExpressionSyntax.Name n => isKnown(n.Text),
        ExpressionSyntax.Negate n => IsNumber(n.Operand, isKnown),
        ExpressionSyntax.Sum s => s.Terms.All(t => IsNumber(t.Term, isKnown)),
        ExpressionSyntax.Product p => p.Factors.All(f => IsNumber(f.Factor, isKnown)),
        _ => false,
    };

    private Meaning? Bind(ExpressionSyntax syntax) => syntax switch
    {
        ExpressionSyntax.Number n => Binding.Value.Constant(n.Value),
        ExpressionSyntax.Name n => Name(n),
        ExpressionSyntax.Negate n => OnParts([Operand(n.Operand)], n.Span, values => Arithmetic.Combine(-values[0].Expr, values)),
        ExpressionSyntax.Sum s => Sum(s),
        ExpressionSyntax.Product p => Product(p),
        ExpressionSyntax.Power p => Power(p),
        ExpressionSyntax.Transpose t => Transpose(t),
        ExpressionSyntax.Call c => Call(c),
        ExpressionSyntax.Comparison or ExpressionSyntax.Range => Misplaced(syntax),
        _ => throw new UnreachableException(),
    };

    private Meaning? Name(ExpressionSyntax.Name name)
    {
        if (name.Indices.Count > 0)
        {
            return Indexed(name);
        }

        if (constants.TryGetValue(name.Text, out var constant) || (!inFunction && block.Names.TryGetValue(name.Text, out constant)))
        {
            return constant;
        }

        if (block.IsWidth(name.Text))
        {
            return new Value(Expr.WidthTo(name.Text, 1), null, []);
        }

        if (name.Text == "pi")
        {
            return new Value(new Expr.Pi(), null, []);
        }

        if (block.FindAxis(name.Text) is { Size: { } size })
        {
            return name.Text == block.Depth && !counts ? new Value(Expr.WidthTo(block.Widths[0].Name, DepthSymbol.Unit), null, []) : Binding.Value.Constant(size);
        }

        block.Unknown(name.Text, name.Span);
        return null;
    }

    private Meaning? Sum(ExpressionSyntax.Sum sum) => OnParts(
        sum.Terms.Select(t => Operand(t.Term)).ToList(),
        sum.Span,
        terms => Fits(terms, sum.Span) is { } parts ? Arithmetic.Combine(Expr.SumOf(parts.Select((p, i) => sum.Terms[i].Minus ? -p.Expr : p.Expr)), parts) : null);

    /// <summary>Left to right, so that <c>A * B * x</c> is (A B) x, which is no instruction: the matrix on the left meets what follows, from the right.</summary>
    private Meaning? Product(ExpressionSyntax.Product product)
    {
        var factors = product.Factors.Select(f => (f.Divide, Meaning: Bind(f.Factor), f.Factor.Span)).ToList();
        if (factors.Any(f => f.Meaning is null or Broken))
        {
            return null;
        }

        if (factors.All(f => f.Meaning is Binding.Value or Concatenation))
        {
            return OnParts(factors.Select(f => f.Meaning).ToList(), product.Span, values => Elementwise(values.Select((value, i) => (factors[i].Divide, value)).ToList(), product.Span));
        }

        var last = factors.Count - 1;
        var (divide, right, span) = factors[last];
        var inverse = divide;
        if (right is not (Binding.Value or Concatenation))
        {
            NeedsVector(NameOf(right!), span);
            return null;
        }

        for (var i = last - 1; i >= 0; i--)
        {
            var current = factors[i];
            if (divide && current.Meaning is Matrix or Blocks)
            {
                block.Report(Codes.NotAnInstruction, product.Span, $"a matrix divided by {(right as Value)?.Kind ?? "streams side by side"}");
                return null;
            }

            var (by, under, over) = (right, current.Divide, inverse);
            var next = current.Meaning switch
            {
                Matrix or Blocks when !current.Divide => Times(current.Meaning, by, Span.Cover(current.Span, product.Span)),
                Matrix or Blocks => NotDivided(NameOf(current.Meaning), current.Span),
                Binding.Value or Concatenation => OnParts([current.Meaning, by], product.Span, values => Elementwise([(under, values[0]), (over, values[1])], product.Span)),
                _ => throw new UnreachableException(),
            };
            if (next is null)
            {
                return null;
            }

            // What stands under a bar is under it once: 1/3 * W * x is a third of W x.
            (right, divide, inverse) = (next, current.Divide, false);
        }

        return right;
    }

    private static string NameOf(Meaning matrix) => matrix switch { Matrix whole => whole.Name, Blocks blocks => blocks.Name, _ => throw new UnreachableException() };

    private Meaning? NotDivided(string matrix, Span span)
    {
        block.Report(Codes.NotAnInstruction, span, $"division by the matrix `{matrix}`");
        return null;
    }

    private void NeedsVector(string matrix, Span span) => block.Report(
        Diagnostic.Create(Codes.NotAnInstruction, block.Place(span), $"a product that ends with the matrix `{matrix}`").WithHelp("a matrix stands to the left of the vector that it is multiplied with"));

    private Value? Elementwise(IReadOnlyList<(bool Divide, Value Value)> factors, Span span) =>
        Fits(factors.Select(f => (Value?)f.Value), span) is { } parts
            ? Arithmetic.Combine(Expr.ProductOf(factors.Select(f => f.Divide ? Expr.Pow(f.Value.Expr, -1) : f.Value.Expr)), parts)
            : null;

    /// <summary>The parts when all are there and are over one width.</summary>
    private List<Value>? Fits(IEnumerable<Value?> values, Span span)
    {
        var list = values.ToList();
        if (list.Any(v => v is null))
        {
            return null;
        }

        var widths = list.Select(v => v!.Width).OfType<string>().Distinct().ToList();
        if (widths.Count > 1)
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"one vector is over `{widths[0]}`, another over `{widths[1]}`");
            return null;
        }

        return list!;
    }

    private Meaning? Power(ExpressionSyntax.Power power)
    {
        if (Operand(power.Base) is not { } basis || Value(power.Exponent) is not { } exponent)
        {
            return null;
        }

        if (exponent.Rational is not { } k || k.Abs > 64 || k.Denominator > 64)
        {
            block.Report(Codes.InvalidConstant, power.Exponent.Span, block.Source.Slice(power.Exponent.Span), "an exponent is a rational number, at most 64, with a denominator of at most 64");
            return null;
        }

        if (basis is Value { Rational: { } c } && (c.IsZero ? k.Sign < 0 : c.Sign < 0 && !k.IsInteger))
        {
            block.Report(Codes.InvalidConstant, power.Span, block.Source.Slice(power.Span), "this power has no real value");
            return null;
        }

        return OnParts([basis], power.Span, values => Arithmetic.Combine(Expr.Pow(values[0].Expr, k), values));
    }

    private Meaning? Transpose(ExpressionSyntax.Transpose transpose)
    {
        switch (Bind(transpose.Operand))
        {
            case Blocks blocks:
                return blocks with { AreRows = !blocks.AreRows, Parts = blocks.Parts.Select(part => part with { Transposed = !part.Transposed }).ToValueList() };
            case Concatenation:
                block.Report(Codes.KindMismatch, transpose.Span, $"`{block.Source.Slice(transpose.Operand.Span)}`", "streams side by side", "a matrix");
                return null;
            case Matrix matrix:
                return matrix with { Transposed = !matrix.Transposed };
            case Value value:
                block.Report(Codes.KindMismatch, transpose.Span, $"`{block.Source.Slice(transpose.Operand.Span)}`", value.Kind, "a matrix");
                return null;
            default:
                return null;
        }
    }

    private string Extent(Dimension dimension) => dimension.Axis is { } axis ? block.Shown(axis) : dimension.Width is { } width ? $"`{width}`" : "1";

    /// <summary>The sizes of a value for one sample: <c>[3]</c>, <c>[`s`, `n`]</c>.</summary>
    private string Extent(Value value)
    {
        List<string> sizes = [.. value.Indices.Where(binder => binder.Axis != Block.BatchAxis).Select(binder => block.Shown(binder.Axis))];
        if (value.Width is { } width)
        {
            sizes.Add($"`{width}`");
        }

        return sizes.Count == 0 ? "a single number" : $"[{string.Join(", ", sizes)}]";
    }

    /// <summary>
    /// W x with the multiplier n^{-a}. Both sides wide: a MatMul. Finite columns: Σ_i W[i] x[i]. Finite rows, wide columns: n^{1-a} Moment(W x). Nothing wide: a finite sum.
    /// </summary>
    private Value? Times(Matrix matrix, Value right, Span span)
    {
        var (rows, columns) = (matrix.OuterRows, matrix.OuterColumns);
        var shown = $"{matrix.Name}{(matrix.Transposed ? "'" : "")}";
        if (right.Width != columns.Width)
        {
            block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(span), block.Source.Slice(span), $"`{shown}` is [{Extent(rows)}, {Extent(columns)}], and what it is multiplied with is {Extent(right)}"));
            return null;
        }

        IndexBinder? summed = null;
        if (columns.Axis is { } axis)
        {
            summed = right.Indices.FirstOrDefault(binder => binder.Axis == axis);
            if (summed is null)
            {
                block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"`{shown}` has {block.Shown(axis)} columns, and what it is multiplied with is {Extent(right)}");
                return null;
            }
        }

        if (rows.Axis is { } own && right.Indices.Any(binder => binder.Axis == own && binder != summed))
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"the axis {block.Shown(own)} would stand on it twice");
            return null;
        }

        var multiplier = block.Widths.Count == 0 ? Expr.One : Expr.WidthTo(block.Widths[0].Name, -matrix.A);
        if (rows.IsWide && columns.IsWide)
        {
            var vector = Vector(right, "x", span);
            if (block.KnownProduct(matrix, (Expr.Reference)vector.Expr) is { } known)
            {
                return known with { Expr = multiplier * known.Expr, Size = 3, Depth = 2, HasProduct = true };
            }

            var product = new Definition(block.Supply.Fresh(Names("g")), vector.Indices, [rows.Width!]);
            var emitted = block.Emit(new Instruction.MatMul(product, new Expr.Reference(matrix.Name, []), matrix.Transposed, (Expr.Reference)vector.Expr), span, anonymous: true);
            return emitted with { Expr = multiplier * emitted.Expr, Size = 3, Depth = 2, HasProduct = true };
        }

        if (columns.IsWide)
        {
            right = Feature(right, span);
        }

        // The entries at their index variables: a dimension of size 1 has none, and rows come before columns.
        var indices = new[] { matrix.Rows.Axis, matrix.Columns.Axis }.OfType<string>().Select(a => (Index)block.BinderOf(a).Name).ToValueList();
        var weight = new Expr.Reference(matrix.Name, indices);
        var body = weight * right.Expr;
        ValueList<IndexBinder> remaining = [.. right.Indices.Where(binder => binder != summed), .. rows.Axis is { } r ? [block.BinderOf(r)] : Array.Empty<IndexBinder>()];
        if (columns.IsWide)
        {
            var vector = new Value(Expr.WidthTo(columns.Width!, 1) * multiplier * body, columns.Width, remaining, right.Size + 4, right.Depth + 2);
            block.CheckGrowth(vector, span);
            var moment = new Definition(block.Supply.Fresh(Names("m")), remaining, []);
            return block.Emit(new Instruction.Moment(moment, columns.Width!, vector.Expr.RenameSumsApart(remaining.Select(binder => binder.Name))), span, anonymous: true) with { HasProduct = true };
        }

        var sum = summed is null ? body : Expr.SumOver(summed, body);
        return new Value(multiplier * sum, rows.Width, remaining, right.Size + 4, right.Depth + 3, HasProduct: true);
    }

    /// <summary>What an output weight reads is a feature, and has a name; numbers and powers of n before it are no part of it.</summary>
    private Value Feature(Value value, Span span)
    {
        if (value.HasProduct)
        {
            // A preactivation, with the multiplier of its weights.
            return Vector(value, "h", span);
        }

        var factors = value.Expr is Expr.Multiply product ? product.Factors : [value.Expr];
        var multiplier = Expr.ProductOf(factors.Where(factor => factor is Expr.Constant or Expr.WidthPower or Expr.Pi));
        var feature = Vector(value with { Expr = Expr.ProductOf(factors.Where(factor => factor is not (Expr.Constant or Expr.WidthPower or Expr.Pi))) }, "x", span);
        return feature with { Expr = multiplier * feature.Expr };
    }

    /// <summary>A vector as a value with a name, as MatMul needs it.</summary>
    private Value Vector(Value value, string prefix, Span span) =>
        value.Expr is Expr.Reference ? value : block.NameIt(value, block.Supply.Fresh(Names(prefix)), span);

    /// <summary>For x1: h1, g1. The names of the preactivation and of the product before the multiplier follow what the source names.</summary>
    private string Names(string prefix) =>
        target.Length > 0 && target[0] is 'x' or 'h' or 'z' or 'y' && target.Skip(1).All(char.IsAsciiDigit) && target[0].ToString() != prefix
            ? prefix + target[1..]
            : $"{prefix}_{target}";

    private Meaning? Call(ExpressionSyntax.Call call)
    {
        var name = call.Function.Text;
        foreach (var argument in call.Arguments.Where(a => a.Name is not null))
        {
            block.Report(Codes.UnknownSetting, argument.Name!.Span, $"`{name}`", argument.Name.Text);
            return null;
        }

        if (call.Weights is { } weights)
        {
            block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(weights.Span), $"`{block.Source.Slice(weights.Span)}`", "a set of weights", "no `;`").WithHelp("in a `step`, `net(x; fast)` runs the network with other weights"));
            return null;
        }

        switch (name)
        {
            case "MatMul":
                return Count(call, 2) && Bind(call.Arguments[0].Value) is (Matrix or Blocks or Binding.Value or Concatenation) and var left && Operand(call.Arguments[1].Value) is { } vector
                    ? left is Matrix or Blocks ? Times(left, vector, call.Span) : Expected(call.Arguments[0].Value.Span, (left as Value)?.Kind ?? "streams side by side", "a matrix")
                    : null;
            case "Moment":
                return !Count(call, 1) ? null : Operand(call.Arguments[0].Value) switch { Value body => Moment(body, call.Span), Concatenation streams => Mean(streams, call.Span), _ => null };
            case "concat":
                return Concatenate(call);
            case "Nonlin":
                return Nonlin(call);
            case "stop":
                return Count(call, 1) ? OnParts([Operand(call.Arguments[0].Value)], call.Span, values => Stop(values[0], call.Span)) : null;
            case "sum" or "mean" or "softmax":
                return OverAxis(call, name);
        }

        if (block.Functions.TryGetValue(name, out var own))
        {
            var given = call.Arguments.Select(a => Bind(a.Value)).ToList();
            return given.Any(a => a is null or Broken) ? null : Inline(own, given!, call.Span);
        }

        return OnParts(call.Arguments.Select(a => Operand(a.Value)).ToList(), call.Span, arguments => Apply(call.Function, [.. arguments], call.Span));
    }

    private Meaning? Nonlin(ExpressionSyntax.Call call)
    {
        if (call.Arguments.Count < 2 || call.Arguments[0].Value is not ExpressionSyntax.Name { Indices.Count: 0 } function)
        {
            block.Report(Codes.WrongArgumentCount, call.Span, "Nonlin", "the name of a function and its arguments", $"{call.Arguments.Count}");
            return null;
        }

        var arguments = call.Arguments.Skip(1).Select(a => Operand(a.Value)).ToList();
        var name = new NameSyntax(function.Span, function.Text);
        return arguments.Contains(null) ? null
            : block.Functions.TryGetValue(function.Text, out var own) ? Inline(own, arguments!, call.Span)
            : OnParts(arguments, call.Span, values => Apply(name, [.. values], call.Span));
    }

    /// <summary>The value as a constant: the backward pass ends here.</summary>
    private Value Stop(Value value, Span span)
    {
        ValueList<string> widths = value.Width is { } width ? [width] : [];
        var result = new Definition(block.Supply.Fresh(Names("stopped")), value.Indices, widths);
        return block.Emit(new Instruction.Nonlin(result, value.Expr.RenameSumsApart(value.Indices.Select(binder => binder.Name))) { IsConstant = true }, span);
    }

    private Value? Moment(Value body, Span span)
    {
        if (body.Width is not { } width)
        {
            return Expected(span, "a mean over coordinates of a scalar", "a mean over coordinates of a vector");
        }

        block.CheckGrowth(body, span);
        var result = new Definition(block.Supply.Fresh(Names("m")), body.Indices, []);
        return block.Emit(new Instruction.Moment(result, width, body.Expr.RenameSumsApart(body.Indices.Select(binder => binder.Name))), span, anonymous: true);
    }

    private Value? Expected(Span span, string found, string expected)
    {
        block.Report(Codes.KindMismatch, span, $"`{block.Source.Slice(span)}`", found, expected);
        return null;
    }

    private bool Count(ExpressionSyntax.Call call, int count)
    {
        if (call.Arguments.Count == count)
        {
            return true;
        }

        block.Report(Codes.WrongArgumentCount, call.Span, call.Function.Text, Plural(count), $"{call.Arguments.Count}");
        return false;
    }

    private static string Plural(int count) => count == 1 ? "1 argument" : $"{count} arguments";

    /// <summary>A function of the table.</summary>
    private Value? Apply(NameSyntax function, List<Value> arguments, Span span)
    {
        if (Fits(arguments, span) is null)
        {
            return null;
        }

        arguments = arguments.Select(argument => (Value)WithName(argument, span)).ToList();
        if (Nonlinearities.Signature(function.Text) is not { } signature)
        {
            block.Report(Diagnostic.Create(Codes.UnknownFunction, block.Place(function.Span), function.Text).WithSpelling(function.Text, Nonlinearities.Names.Concat(block.Functions.Keys)));
            return null;
        }

        var parameters = arguments.Skip(signature.Arguments).Select(a => a.Rational).ToList();
        var values = arguments.Take(signature.Arguments).ToList();
        var result = parameters.Contains(null) || values.Count < signature.Arguments
            ? null
            : Nonlinearities.Apply(function.Text, [.. values.Select(v => v.Expr)], [.. parameters.Select(p => p!.Value)]);
        if (result is null)
        {
            var takes = Plural(signature.Arguments) + (signature.Parameters > 0 ? $" and up to {signature.Parameters} rational constants" : "");
            block.Report(Codes.WrongArgumentCount, span, function.Text, takes, $"{arguments.Count}");
            return null;
        }

        return Arithmetic.Combine(result, values);
    }

    /// <summary>What a function is applied to gets a name when a product stands in it: the preactivation.</summary>
    private Meaning WithName(Meaning argument, Span span) => argument switch
    {
        Value { HasProduct: true } product => block.NameIt(product, block.Supply.Fresh(Names("h")), span),
        Concatenation streams => streams with { Parts = streams.Parts.Select(part => (Value)WithName(part, span)).ToValueList() },
        _ => argument,
    };

    /// <summary>A function of the user: its arguments may be matrices, and its own values become values of the block.</summary>
    private Meaning? Inline(DeclarationSyntax.Function own, IReadOnlyList<Meaning> arguments, Span span)
    {
        if (own.Parameters.Count != arguments.Count)
        {
            block.Report(Codes.WrongArgumentCount, span, own.Name.Text, Plural(own.Parameters.Count), $"{arguments.Count}");
            return null;
        }

        var environment = new Dictionary<string, Meaning>(StringComparer.Ordinal);
        foreach (var (parameter, argument) in own.Parameters.Zip(arguments))
        {
            // It may be used twice, or at another position: what has no name yet gets one.
            environment[parameter.Text] = argument is Value { Expr: Expr.Reference reference } product && block.Anonymous.Contains(reference.Name)
                ? block.NameIt(product, block.Supply.Fresh(Names("h")), span)
                : WithName(argument, span);
        }

        foreach (var local in own.Locals)
        {
            var name = block.Supply.Fresh($"{local.Target.Name.Text}_{target}");
            if (local.Target.Indices.Count > 0 || environment.ContainsKey(local.Target.Name.Text))
            {
                block.Report(Codes.DuplicateName, local.Target.Span, block.Source.Slice(local.Target.Span));
                return null;
            }

            if (!block.HasOneTarget(local) || new ExpressionBinder(block, name, environment, inFunction: true).Operand(local.Value) is not { } made)
            {
                return null;
            }

            environment[local.Target.Name.Text] = Named(block, made, name, local.Span);
        }

        var result = new ExpressionBinder(block, target, environment, inFunction: true).Operand(own.Body);
        return result is Value value ? value with { Depth = value.Depth + 1 } : result;
    }
}
