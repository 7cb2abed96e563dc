using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// The Master Theorem's equations of a limit program (arXiv 2009.10685, 2011.14522 section 7): Z of initial vectors Gaussian, Nonlins coordinate by coordinate, Moments as
/// expectations, and for each MatMul Z^{Wx} = Ẑ^{Wx} + Ż^{Wx} plus what training added to W.
/// </summary>
public sealed class Deriver
{
    /// <summary>The title of the equations of a program without time.</summary>
    public const string Limit = "limit";

    private readonly Program program;
    private readonly TimeFrame frame;
    private readonly MatrixHistory history;
    private readonly Dictionary<string, Definition> definitions;

    /// <summary>Every MatMul with the Gaussian matrices in its matrix, in program order.</summary>
    private readonly List<Use> uses = [];

    private readonly List<Equation> covariances = [];

    private Deriver(Program program)
    {
        this.program = program;
        frame = new TimeFrame(program);
        history = new MatrixHistory(program, frame);
        definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
    }

    /// <summary>The equations of a limit program with at most one loop, that over time; loops inside it have no equations of their own yet.</summary>
    public static LimitEquations Derive(Program limit) => new Deriver(limit).Derive();

    private LimitEquations Derive()
    {
        CollectUses(program.Body, inLoop: false);
        var sections = new List<EquationSection>
        {
            new(frame.Counter is null ? "initial values" : "at initialisation", program.Body.TakeWhile(statement => statement is not Loop).OfType<Instruction>()
                .SelectMany(Initial).ToValueList()),
        };
        var straight = frame.Counter is null
            ? program.Body.OfType<Instruction>().Where(instruction => instruction is not (Instruction.Gaussian or Instruction.Data)).ToList()
            : program.Body.OfType<Loop>().SelectMany(loop => loop.Body).OfType<Instruction>().ToList();
        var names = straight.GroupBy(instruction => Phase(instruction, straight)).ToList();
        foreach (var group in names)
        {
            sections.Add(new(group.Key, group.SelectMany(Equations).ToValueList()));
        }

        if (history.UsedStates.Count > 0)
        {
            sections.Add(new("coefficients of the trained matrices", history.Recurrences().ToValueList()));
        }

        if (Covariances().ToValueList() is { Count: > 0 } laws)
        {
            sections.Add(new("Gaussian parts, jointly with mean 0", laws));
        }

        if (CoefficientRecurrence.Of(program) is { } closed)
        {
            sections.Add(closed);
        }

        return new LimitEquations(program.Name, sections.Where(section => section.Equations.Count > 0).ToValueList());
    }

    private string Phase(Instruction instruction, List<Instruction> body)
    {
        if (frame.Counter is not { } t)
        {
            return Limit;
        }

        var name = instruction.Result.Name;
        if (program.Body.OfType<Loop>().SelectMany(loop => loop.Carried).Any(carried => carried.Next == name))
        {
            return "update";
        }

        var output = body.FindLastIndex(other => program.Outputs.Contains(other.Result.Name));
        return body.IndexOf(instruction) <= output ? $"forward at step {t}" : $"backward at step {t}";
    }

    private IEnumerable<Equation> Initial(Instruction instruction)
    {
        switch (instruction)
        {
            case Instruction.Gaussian { Result.Kind: ValueKind.Vector } vector:
                return [new(frame.Of(vector.Result.AsReference()), Relation.GaussianLaw, vector.Variance)];
            case Instruction.Gaussian { Result.Kind: ValueKind.Scalar } scalar:
                return [new(frame.Of(scalar.Result.AsReference()), Relation.GaussianLaw, scalar.Variance)];
            case Instruction.Gaussian matrix:
                return [new(Expr.Of(frame.Name(matrix.Result.Name) + "_entries"), Relation.GaussianLaw, matrix.Variance, "entries of the initial matrix")];
            case Instruction.Nonlin nonlin when frame.Counter is not null:
                return [new(frame.Of(nonlin.Result.AsReference()), Relation.Equal, frame.Of(nonlin.Body))];
            case Instruction.Moment or Instruction.MatMul when frame.Counter is not null:
                return Equations(instruction);
            default:
                return [];
        }
    }

    private IEnumerable<Equation> Equations(Instruction instruction)
    {
        var left = instruction.Result.Kind == ValueKind.Matrix ? Expr.Zero : frame.Of(instruction.Result.AsReference());
        switch (instruction)
        {
            case Instruction.Nonlin nonlin:
                return [new(left, Relation.Equal, frame.Of(nonlin.Body))];
            case Instruction.Moment moment:
                return [new(left, Relation.Equal, Mean(frame.Of(moment.Body)))];
            case Instruction.MatMul product:
                return Product(product, left);
            default:
                return [];
        }
    }

    /// <summary>E of a sum over finite axes is the sum of the E, and scalars come out.</summary>
    private Expr Mean(Expr body) => body switch
    {
        Expr.Add add => Expr.SumOf(add.Terms.Select(Mean)),
        Expr.Sum sum => Expr.SumOver(sum.Index, Mean(sum.Body)),
        Expr.Multiply product when product.Factors.Any(IsScalar) =>
            Expr.ProductOf([.. product.Factors.Where(IsScalar), Mean(Expr.ProductOf(product.Factors.Where(factor => !IsScalar(factor))))]),
        _ when IsScalar(body) => body,
        _ => new Expr.Expectation(body),
    };

    private static bool IsScalar(Expr expr) => !expr.References().Any(reference => LimitSymbol.Of(reference.Name).Kind is SymbolKind.Z or SymbolKind.Zhat or SymbolKind.Zdot);

    private IEnumerable<Equation> Product(Instruction.MatMul product, Expr left)
    {
        var terms = new List<Expr>();
        var later = new List<Equation>();
        var x = frame.Of(product.Vector);
        foreach (var use in uses.Where(use => use.Product == product))
        {
            var zdot = Zdot(use);
            var zhat = LimitSymbol.Zhat(use.Label, use.At);
            if (zdot.IsZero)
            {
                terms.Add(use.Coefficient * zhat);
                continue;
            }

            var dot = LimitSymbol.Zdot(use.Label, use.At);
            terms.Add(use.Coefficient * (zhat + dot));
            later.Add(new(dot, Relation.Equal, zdot));
        }

        foreach (var (coefficient, outer) in history.PastFactors(product.Matrix.Name))
        {
            var past = new IndexBinder("s", frame.Counter!, frame.Counter);
            terms.Add(Expr.SumOver(past, coefficient * Factor(product, outer, x, frame.Counter!)));
        }

        terms.AddRange(history.PresentFactors(product.Matrix.Name).Select(outer => Factor(product, outer, x, null)));
        return [new(left, Relation.Equal, Expr.SumOf(terms)), .. later];
    }

    /// <summary>
    /// Σ_over c u E[v x], the factors read at time s when <paramref name="counter"/> is given. u vᵀx/n is u E[v x] times the coordinates of v in units of n.
    /// </summary>
    private Expr Factor(Instruction.MatMul product, MatrixTerm.Outer outer, Expr x, string? counter)
    {
        var taken = product.Result.Indices.Select(binder => binder.Name).ToHashSet(StringComparer.Ordinal);
        var renamed = outer.Over.ToDictionary(binder => binder.Name, binder => taken.Contains(binder.Name) ? binder.Name + "'" : binder.Name, StringComparer.Ordinal);
        if (counter is not null)
        {
            renamed[counter] = "s";
        }

        var (inner, produced) = product.Transposed ? (outer.Left, outer.Right) : (outer.Right, outer.Left);
        var coordinates = Ratio(definitions[product.Matrix.Name].Widths[product.Transposed ? 0 : 1]);
        var coefficient = coordinates * Past(outer.Coefficient * Expr.WidthTo(program.Widths[0].Name, 1));
        var body = coefficient * Past(produced) * new Expr.Expectation(Past(inner) * x);
        return outer.Over.Reverse().Aggregate(body, (sum, binder) => Expr.SumOver(binder with { Name = renamed[binder.Name] }, sum));

        Expr Past(Expr expr) => Rename(frame.Of(expr), renamed);
    }

    private static Expr Rename(Expr expr, IReadOnlyDictionary<string, string> names) => expr switch
    {
        Expr.Reference reference => reference with { Indices = reference.Indices.Select(index => Rename(index, names)).ToValueList() },
        Expr.IndexValue value => new Expr.IndexValue(names.GetValueOrDefault(value.Index, value.Index)),
        Expr.Sum sum when names.ContainsKey(sum.Index.Name) =>
            Expr.SumOver(sum.Index, Rename(sum.Body, names.Where(pair => pair.Key != sum.Index.Name).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal))),
        _ => expr.MapChildren(child => Rename(child, names)),
    };

    private static Index Rename(Index index, IReadOnlyDictionary<string, string> names) => index switch
    {
        Index.Variable variable => new Index.Variable(names.GetValueOrDefault(variable.Name, variable.Name)),
        Index.Shifted shifted => shifted with { Name = names.GetValueOrDefault(shifted.Name, shifted.Name) },
        Index.Lookup lookup => new Index.Lookup((Expr.Reference)Rename((Expr)lookup.Row, names)),
        _ => index,
    };

    /// <summary>
    /// Ż^{Wx} = σ² Σ_y Z^y E[∂Z^x/∂Ẑ^{Wᵀy}] over the Wᵀy that came before: those of earlier steps, and those earlier in this step. With widths of other ratios, σ² is the variance of an
    /// entry times the number of terms that Wx sums, not those of Wᵀy.
    /// </summary>
    private Expr Zdot(Use use)
    {
        var terms = new List<Expr>();
        foreach (var other in uses.Where(other => other.Gaussian == use.Gaussian && other.Product.Transposed != use.Product.Transposed))
        {
            if (DependsOn(use.Product.Vector.Name, other.Product.Result.Name))
            {
                terms.Add(Cause(use, other, null));
            }

            if (other.InLoop && use.InLoop && frame.Counter is { } t)
            {
                terms.Add(Expr.SumOver(new IndexBinder("s", t, t), Cause(use, other, "s")));
            }
        }

        return Expr.SumOf(terms);
    }

    private Expr Cause(Use use, Use other, string? time)
    {
        var taken = use.Product.Result.Indices.Select(binder => binder.Name).ToHashSet(StringComparer.Ordinal);
        var renamed = other.Product.Result.Indices.ToDictionary(
            binder => binder.Name, binder => taken.Contains(binder.Name) ? binder.Name + "'" : binder.Name, StringComparer.Ordinal);
        if (time is not null)
        {
            renamed[frame.Counter!] = time;
        }

        var by = other.At.Select(index => Rename(index, renamed)).ToList();
        var at = frame.At(use.Product.Vector.Name, use.Product.Vector.Indices);
        var derivative = new Expr.Expectation(LimitSymbol.Derivative(frame.Name(use.Product.Vector.Name), at, other.Label, by));
        var body = use.Variance(use.Product.Transposed) * Rename(frame.Of(other.Product.Vector), renamed) * derivative;
        return other.Product.Result.Indices.Reverse().Aggregate(body, (sum, binder) => Expr.SumOver(binder with { Name = renamed[binder.Name] }, sum));
    }

    /// <summary>Whether a vector is, within one step, a function of another: only through coordinates, a scalar being a constant in the limit.</summary>
    private bool DependsOn(string vector, string target)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var instructions = program.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        return Reaches(vector);

        bool Reaches(string name) => name == target
            || (seen.Add(name) && instructions.TryGetValue(name, out var instruction) && instruction.Result.Kind != ValueKind.Scalar
                && instruction.Reads().Any(Reaches));
    }

    private IEnumerable<Equation> Covariances()
    {
        for (var i = 0; i < uses.Count; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var (first, second) = (uses[j], uses[i]);
                if (first.Gaussian != second.Gaussian || first.Product.Transposed != second.Product.Transposed)
                {
                    continue;
                }

                var renamed = second.Product.Result.Indices.ToDictionary(binder => binder.Name, binder => binder.Name + "'", StringComparer.Ordinal);
                if (frame.Counter is { } t)
                {
                    renamed[t] = "s";
                }

                var by = second.At.Select(index => Rename(index, renamed)).ToList();
                var right = first.Variance(first.Product.Transposed)
                    * new Expr.Expectation(frame.Of(first.Product.Vector) * Rename(frame.Of(second.Product.Vector), renamed));
                yield return new(LimitSymbol.Covariance(first.Label, first.At, second.Label, by), Relation.Equal, right);
            }
        }
    }

    private void CollectUses(ValueList<Statement> block, bool inLoop)
    {
        foreach (var statement in block)
        {
            if (statement is Loop loop)
            {
                CollectUses(loop.Body, inLoop: true);
            }
            else if (statement is Instruction.MatMul product)
            {
                foreach (var (gaussian, coefficient) in history.Gaussians(product.Matrix.Name))
                {
                    var matrix = (Instruction.Gaussian)program.Body.Instructions().First(instruction => instruction.Result.Name == gaussian);
                    uses.Add(new Use(
                        product,
                        gaussian,
                        coefficient,
                        frame.Name(gaussian) + (product.Transposed ? "'" : string.Empty) + "*" + frame.Name(product.Vector.Name),
                        frame.At(product.Result.Name, product.Result.Indices.Select(binder => (Index)binder.Name)),
                        inLoop,
                        matrix.Variance * Expr.WidthTo(program.Widths[0].Name, 1),
                        Ratio(matrix.Result.Widths[0]),
                        Ratio(matrix.Result.Widths[1])));
                }
            }
        }
    }

    private Rational Ratio(string width) => program.Widths.First(w => w.Name == width).Ratio;

    /// <summary>A product with a Gaussian matrix.</summary>
    private sealed record Use(
        Instruction.MatMul Product,
        string Gaussian,
        Expr Coefficient,
        string Label,
        IReadOnlyList<Index> At,
        bool InLoop,
        Expr SigmaSquared,
        Rational Rows,
        Rational Columns)
    {
        /// <summary>σ² times the number of terms that a product sums, in units of n.</summary>
        public Expr Variance(bool transposed) => SigmaSquared * (transposed ? Rows : Columns);
    }
}
