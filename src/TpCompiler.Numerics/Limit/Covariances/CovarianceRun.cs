using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>One run of a program, position by position: scalars are numbers, coordinates of vectors <see cref="Variate"/>s.</summary>
internal sealed class CovarianceRun
{
    /// <summary>Powers beyond are not multiplied out.</summary>
    private const int MostFactors = 8;

    private readonly Func<string, int> sizeOfAxis;
    private readonly Dictionary<string, double> ratios;
    private readonly Dictionary<string, Definition> definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Variate[]> vectors = new(StringComparer.Ordinal);
    /// <summary>Coordinates that are equal are one object, so that a matrix makes one variable of them: each sample's pass over a batch is the same.</summary>
    private readonly HashSet<Variate> distinct = new(VariateComparer.Instance);

    private readonly Dictionary<string, (double Variance, double Rows, double Columns)> matrices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> at = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Matrix, int Position, bool Transposed), Side> sides = [];
    private readonly Dictionary<Expr.Call, Func<double, double>> compiled = [];

    public CovarianceRun(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis, double disturbance, CancellationToken cancel, bool isProbe = false)
    {
        this.sizeOfAxis = sizeOfAxis;
        Variables = new GaussianVariables(disturbance, isProbe);
        ratios = limit.Widths.ToDictionary(width => width.Name, width => width.Ratio.ToDouble(), StringComparer.Ordinal);
        foreach (var instruction in limit.Body.Cast<Instruction>())
        {
            cancel.ThrowIfCancellationRequested();
            definitions[instruction.Result.Name] = instruction.Result;
            Run(instruction, feed, cancel);
        }
    }

    public GaussianVariables Variables { get; }

    public Dictionary<string, Tensor<double>> Scalars { get; } = new(StringComparer.Ordinal);

    /// <summary>What a matrix has been multiplied with on one side.</summary>
    private sealed record Side(int Family)
    {
        public List<(Variate X, LinearForm Image, Variate Product)> Met { get; } = [];
    }

    private void Run(Instruction instruction, IDataFeed feed, CancellationToken cancel)
    {
        var result = instruction.Result;
        switch (instruction)
        {
            case Instruction.Data data:
                var numbers = Empty(result);
                feed.Read(data.Field, [], numbers);
                Scalars[result.Name] = numbers;
                break;
            case Instruction.Gaussian { Result.Kind: ValueKind.Matrix } gaussian:
                matrices[result.Name] = (Value(gaussian.Variance).Number, ratios[result.Widths[0]], ratios[result.Widths[1]]);
                break;
            case Instruction.Gaussian { Result.Kind: ValueKind.Vector } gaussian:
                vectors[result.Name] = EachVector(result, () => Variate.Of(Variables.Fresh(Value(gaussian.Variance).Number)));
                break;
            case Instruction.MatrixSum { Terms.Count: 0 }:
                matrices[result.Name] = (0, ratios[result.Widths[0]], ratios[result.Widths[1]]);
                break;
            case Instruction.MatMul product:
                vectors[result.Name] = EachVector(result, () => Product(product));
                break;
            case Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin:
                vectors[result.Name] = EachVector(result, () => Value(nonlin.Body));
                break;
            case Instruction.Nonlin { Result.Kind: ValueKind.Scalar } nonlin:
                EachScalar(result, () => Value(nonlin.Body).Number, cancel);
                break;
            case Instruction.Moment moment:
                EachScalar(result, () => Mean(moment.Body), cancel);
                break;
            default:
                throw new NoCovariancesException();
        }
    }

    private Tensor<double> Empty(Definition definition) => new([.. definition.Indices.Select(binder => sizeOfAxis(binder.Axis))], 1);

    private Variate[] EachVector(Definition definition, Func<Variate> value)
    {
        var rows = new Variate[definition.Indices.Aggregate(1, (product, binder) => product * sizeOfAxis(binder.Axis))];
        Each(definition.Indices, row =>
        {
            var made = value();
            rows[row] = distinct.TryGetValue(made, out var known) ? known : made;
            distinct.Add(rows[row]);
        });
        return rows;
    }

    private void EachScalar(Definition definition, Func<double> value, CancellationToken cancel)
    {
        var tensor = Empty(definition);
        Each(definition.Indices, row =>
        {
            cancel.ThrowIfCancellationRequested();
            tensor.Data[row] = value();
        });
        Scalars[definition.Name] = tensor;
    }

    private void Each(ValueList<IndexBinder> binders, Action<int> action)
    {
        int[] sizes = [.. binders.Select(binder => sizeOfAxis(binder.Axis))];
        var count = sizes.Aggregate(1, (product, size) => product * size);
        for (var row = 0; row < count; row++)
        {
            for (int axis = sizes.Length - 1, rest = row; axis >= 0; rest /= sizes[axis], axis--)
            {
                at[binders[axis].Name] = rest % sizes[axis];
            }

            action(row);
        }
    }

    /// <summary>Where a reference points; null outside of an axis.</summary>
    private int? Position(Expr.Reference reference)
    {
        var position = 0;
        var binders = definitions[reference.Name].Indices;
        for (var axis = 0; axis < binders.Count; axis++)
        {
            var size = sizeOfAxis(binders[axis].Axis);
            var index = reference.Indices[axis] switch
            {
                Index.Variable variable => at[variable.Name],
                Index.Fixed known => known.Position,
                Index.Shifted shifted => at[shifted.Name] + shifted.Offset,
                Index.Lookup lookup => (int)Math.Round(Value(lookup.Row).Number),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
            if (index < 0 || index >= size)
            {
                return null;
            }

            position = (position * size) + index;
        }

        return position;
    }

    /// <summary>Wx = Ẑ + Ż, Ż = σ² Σ_j y_j E ∂x/∂Ẑ^{Wᵀy_j}, over the y_j that Wᵀ has been multiplied with.</summary>
    private Variate Product(Instruction.MatMul product)
    {
        var (variance, rows, columns) = matrices[product.Matrix.Name];
        var x = Position(product.Vector) is { } row ? vectors[product.Vector.Name][row] : Variate.Zero;
        if (variance == 0 || (x.IsNumber && x.Number == 0))
        {
            return Variate.Zero;
        }

        var position = Position(product.Matrix)!.Value;
        var (own, other) = (SideOf(product.Transposed), SideOf(!product.Transposed));
        if (own.Met.FirstOrDefault(met => ReferenceEquals(met.X, x)) is { X: not null } before)
        {
            return before.Product;
        }

        // The sum runs over the columns of W, or the rows of Wᵀ.
        var summed = variance * (product.Transposed ? rows : columns);
        var image = Variables.Image(own.Family, summed, x);
        var parts = new List<Variate> { Variate.Of(image) };
        foreach (var met in other.Met.Where(met => !met.Image.IsZero))
        {
            parts.Add(met.X.Times(summed * Variables.MeanDerivative(x, met.Image.Variables[0])));
        }

        var made = Variate.Sum(parts);
        own.Met.Add((x, image, made));
        return made;

        Side SideOf(bool transposed)
        {
            var key = (product.Matrix.Name, position, transposed);
            return sides.TryGetValue(key, out var side) ? side : sides[key] = new Side(sides.Count);
        }
    }

    private double Mean(Expr body)
    {
        switch (body)
        {
            case Expr.Add add:
                return add.Terms.Sum(Mean);
            case Expr.Sum sum:
                return Along(sum.Index, () => Mean(sum.Body)).Sum();
            case Expr.Multiply product:
                // A product of two is not multiplied out first.
                var factors = product.Factors.Select(Value).ToList();
                var number = factors.Where(factor => factor.IsNumber).Aggregate(1.0, (all, factor) => all * factor.Number);
                return factors.Where(factor => !factor.IsNumber).ToList() is [var x, var y] ? number * Variables.Mean(x, y) : Variables.Mean(factors.Aggregate(Variate.Product));
            default:
                return Variables.Mean(Value(body));
        }
    }

    /// <summary>A value at each position of an axis, one after the other.</summary>
    private IEnumerable<T> Along<T>(IndexBinder binder, Func<T> value)
    {
        for (var i = 0; i < (binder.Below is { } below ? at[below] : sizeOfAxis(binder.Axis)); i++)
        {
            at[binder.Name] = i;
            yield return value();
        }
    }

    private Variate Value(Expr expr)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                return Variate.Of(constant.Value.ToDouble());
            case Expr.Pi:
                return Variate.Of(Math.PI);
            case Expr.WidthPower power:
                return Variate.Of(Math.Pow(ratios[power.Width], power.Exponent.ToDouble()));
            case Expr.IndexValue index:
                return Variate.Of(at[index.Index]);
            case Expr.Reference reference:
                return Position(reference) is not { } row ? Variate.Zero : vectors.TryGetValue(reference.Name, out var rows) ? rows[row] : Variate.Of(Scalars[reference.Name].Data[row]);
            case Expr.Add add:
                return Variate.Sum([.. add.Terms.Select(Value)]);
            case Expr.Multiply multiply:
                return multiply.Factors.Select(Value).Aggregate(Variate.Product);
            case Expr.Power power:
                return Power(Value(power.Base), power.Exponent);
            case Expr.Call { Arguments: [var argument] } call:
                return Call(call, Value(argument));
            case Expr.Sum sum:
                return Variate.Sum([.. Along(sum.Index, () => Value(sum.Body))]);
            default:
                throw new NoCovariancesException();
        }
    }

    private Variate Power(Variate basis, Rational exponent)
    {
        if (basis.IsNumber)
        {
            return Variate.Of(Evaluation.RealPower(exponent)(basis.Number));
        }

        if (exponent == 2)
        {
            // Two factors have closed forms that their product may lack.
            return Variate.Product(basis, basis);
        }

        if (basis.OfOne() is { } one)
        {
            return Function(Expr.Pow(one.Function, exponent), one.Argument);
        }

        if (basis.BesideNorms() is var (norms, rest))
        {
            return Power(rest, exponent).Times(NormPower.To(exponent, norms));
        }

        if (exponent.IsInteger && exponent.Sign > 0)
        {
            return exponent <= MostFactors ? Repeated(basis, exponent) : throw new NoCovariancesException();
        }

        // q^(1/2) is q q^(-1/2): only falling powers are integrals of exponentials.
        Rational whole = exponent.Sign > 0 ? -Rational.Floor(-exponent) : 0;
        if (whole > MostFactors)
        {
            throw new NoCovariancesException();
        }

        var (norm, ratio) = Variables.NormOf(basis);
        var falling = Variate.Of(Math.Pow(ratio, (exponent - whole).ToDouble())).Times([new NormPower(norm, exponent - whole)]);
        return whole == 0 ? falling : Variate.Product(Repeated(basis, whole), falling);

        static Variate Repeated(Variate factor, Rational count) => Enumerable.Repeat(factor, (int)count.Numerator).Aggregate(Variate.Product);
    }

    private Variate Call(Expr.Call call, Variate argument)
    {
        if (argument.IsNumber)
        {
            var key = call with { Arguments = [] };
            if (!compiled.TryGetValue(key, out var function))
            {
                compiled[key] = function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
            }

            return Variate.Of(function(argument.Number));
        }

        if (argument.OfOne() is { } one)
        {
            return Function(Nonlinearities.CallOf(call.Function, call.Derivative, call.Parameters, one.Function), one.Argument);
        }

        return argument.BesideNorms() is var (norms, rest) && Nonlinearities.DegreeOf(call) is { } degree
            ? Call(call, rest).Times(NormPower.To(degree, norms))
            : throw new NoCovariancesException();
    }

    private Variate Function(Expr function, LinearForm argument) =>
        function == Factor.Variable ? Variate.Of(argument) : new(0, [new Term(1, [new Factor(Variables.Functions.Shared(function), argument)], [])]);
}
