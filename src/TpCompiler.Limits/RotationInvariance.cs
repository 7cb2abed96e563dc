using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits;

/// <summary>
/// The axes that a program reads only through inner products in which one side lies in the span of the data.
/// <para>
/// Let A be such an axis, d its size, and U a d × r matrix with orthonormal columns that span the data over A. A value over A is a vector v of R^d (for every other index and
/// every coordinate). Where each of them is Data, an isotropic Gaussian or a linear combination of others, u = Uᵀv obeys the same instructions, with Uᵀx for the data: they are linear, and
/// their coefficients are scalars without A. Uᵀg of an isotropic Gaussian g is isotropic again, with the same variance, in R^r. What the rest of the program sees is
/// Σ_i v_i w_i with w in the span, w = U Uᵀ w, which is (Uᵀv)·(Uᵀw). So the program with r in place of d and Uᵀx in place of x has outputs of the same law,
/// and the same limit: no approximation is made. Two vectors that both hold Gaussians may not be multiplied: their parts outside the span would be missed.
/// </para>
/// </summary>
public sealed class RotationInvariance
{
    private readonly string axis;
    private readonly Dictionary<string, Definition> definitions;
    private readonly HashSet<string> spanned = new(StringComparer.Ordinal);
    private readonly HashSet<string> variables = new(StringComparer.Ordinal);

    private RotationInvariance(Program program, string axis)
    {
        this.axis = axis;
        definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
    }

    /// <summary>What an expression is under a rotation of the axis.</summary>
    private enum Part
    {
        /// <summary>Reads the axis in another way.</summary>
        Other,

        /// <summary>Doesn't change.</summary>
        Invariant,

        /// <summary>A coordinate of a vector, which turns with the axis.</summary>
        Vector,

        /// <summary>The product of such coordinates of two vectors: its sum is an inner product.</summary>
        Pair,

        /// <summary>0, which is any of them.</summary>
        Zero,
    }

    /// <summary>The axes of Data over which the data may be replaced by its coordinates in an orthonormal basis of its span.</summary>
    public static ValueList<string> AxesOf(Program program) =>
        [.. program.Body.Instructions()
            .OfType<Instruction.Data>()
            .SelectMany(data => data.Result.Indices.Select(binder => binder.Axis))
            .Distinct()
            .Where(axis => new RotationInvariance(program, axis).Holds(program))];

    private bool Holds(Program program)
    {
        if (program.Outputs.Any(output => IsOver(definitions[output]))
            || definitions.Values.Any(definition => definition.Indices.Count(binder => binder.Axis == axis) > (definition.Kind == ValueKind.Matrix ? 0 : 1)))
        {
            return false;
        }

        // States are in the span as long as nothing shows that they aren't.
        var states = program.Body.WithDepth().Select(entry => entry.Statement).OfType<Loop>().SelectMany(loop => loop.Carried).Where(carried => IsOver(carried.State)).ToList();
        var outside = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            spanned.Clear();
            spanned.UnionWith(states.Select(carried => carried.State.Name).Where(name => !outside.Contains(name)));
            var holds = program.Body.Instructions().Aggregate(true, (all, instruction) => Visit(instruction) && all);
            var left = states.Where(carried => !outside.Contains(carried.State.Name) && !(spanned.Contains(carried.Initial) && spanned.Contains(carried.Next))).ToList();
            if (left.Count == 0)
            {
                return holds;
            }

            outside.UnionWith(left.Select(carried => carried.State.Name));
        }
    }

    private bool IsOver(Definition definition) => definition.Indices.Any(binder => binder.Axis == axis);

    /// <summary>Whether the instruction respects rotations; notes whether its value is in the span.</summary>
    private bool Visit(Instruction instruction)
    {
        var own = instruction.Result.Indices.FirstOrDefault(binder => binder.Axis == axis)?.Name;
        variables.Clear();
        if (own is not null)
        {
            variables.Add(own);
        }

        switch (instruction)
        {
            case Instruction.Data:
                spanned.Add(instruction.Result.Name);
                return true;
            case Instruction.Gaussian:
                // A Gaussian scalar stays random in the limit; another basis would draw another one.
                return own is null || instruction.Result.Kind == ValueKind.Vector;
            case Instruction.Nonlin { Body: var body }:
                return Linear(body);
            case Instruction.Moment { Body: var body }:
                return Linear(body);
            case Instruction.MatrixSum sum when sum.Terms.OfType<MatrixTerm.Outer>().Any(outer => outer.Over.Any(binder => binder.Axis == axis)):
                return false;
            default:
                return own is null && instruction.Expressions().All(expr => Classify(expr).Part is Part.Invariant or Part.Zero);
        }

        bool Linear(Expr body)
        {
            var (part, variable, inSpan) = Classify(body);
            if (own is not null && inSpan)
            {
                spanned.Add(instruction.Result.Name);
            }

            return part == Part.Zero || (own is null ? part == Part.Invariant : part == Part.Vector && variable == own);
        }
    }

    /// <summary>What an expression is, at which index variable, and whether it is in the span (of a pair: one of the two).</summary>
    private (Part Part, string? Variable, bool InSpan) Classify(Expr expr)
    {
        switch (expr)
        {
            case Expr.Constant { IsZero: true }:
                return (Part.Zero, null, true);
            case Expr.IndexValue counter:
                return variables.Contains(counter.Index) ? default : (Part.Invariant, null, false);
            case Expr.Reference reference:
                return Classify(reference);
            case Expr.Add add:
                return add.Terms.Select(Classify).Aggregate(Sum);
            case Expr.Multiply product:
                return product.Factors.Select(Classify).Aggregate(Product);
            case Expr.Power { Base: var @base, Exponent: var exponent }:
                var root = Classify(@base);
                return root.Part == Part.Invariant ? root : exponent == 2 && root.Part == Part.Vector ? Product(root, root) : default;
            case Expr.Sum { Index: var binder, Body: var body }:
                return Classify(binder, body);
            default:
                return expr.Children.All(child => Classify(child).Part is Part.Invariant or Part.Zero) ? (Part.Invariant, null, false) : default;
        }
    }

    private (Part Part, string? Variable, bool InSpan) Classify(Expr.Reference reference)
    {
        if (reference.Indices.OfType<Index.Lookup>().Any(lookup => Classify(lookup.Row).Part is not (Part.Invariant or Part.Zero)))
        {
            return default;
        }

        var definition = definitions[reference.Name];
        var at = definition.Indices.ToList().FindIndex(binder => binder.Axis == axis);
        return at < 0 ? (Part.Invariant, null, false)
            : reference.Indices[at] is Index.Variable { Name: var variable } ? (Part.Vector, variable, spanned.Contains(reference.Name))
            : default;
    }

    private (Part Part, string? Variable, bool InSpan) Classify(IndexBinder binder, Expr body)
    {
        if (binder.Axis != axis)
        {
            return Classify(body);
        }

        var added = variables.Add(binder.Name);
        var inner = Classify(body);
        if (added)
        {
            variables.Remove(binder.Name);
        }

        return inner.Part switch
        {
            Part.Zero => inner,
            Part.Pair when inner.Variable == binder.Name && inner.InSpan && binder.Below is null => (Part.Invariant, null, false),
            _ => default,
        };
    }

    private static (Part Part, string? Variable, bool InSpan) Sum((Part Part, string? Variable, bool InSpan) x, (Part Part, string? Variable, bool InSpan) y) => (x, y) switch
    {
        ({ Part: Part.Zero }, _) => y,
        (_, { Part: Part.Zero }) => x,
        _ => x.Part == y.Part && x.Variable == y.Variable ? (x.Part, x.Variable, x.InSpan && y.InSpan) : default,
    };

    private static (Part Part, string? Variable, bool InSpan) Product((Part Part, string? Variable, bool InSpan) x, (Part Part, string? Variable, bool InSpan) y) => (x.Part, y.Part) switch
    {
        (Part.Other, _) or (_, Part.Other) => default,
        (Part.Zero, _) or (_, Part.Invariant) => x,
        (_, Part.Zero) or (Part.Invariant, _) => y,
        (Part.Vector, Part.Vector) when x.Variable == y.Variable => (Part.Pair, x.Variable, x.InSpan || y.InSpan),
        _ => default,
    };
}
