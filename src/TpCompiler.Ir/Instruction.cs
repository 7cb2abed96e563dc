using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// Something that a program does: an instruction that defines one value, or a loop. References point backwards: to values defined earlier in
/// the same block, in an enclosing block, or carried by an enclosing loop.
/// </summary>
public abstract record Statement
{
    private protected Statement()
    {
    }

    /// <summary>Where in the source this comes from; null for what a pass made. Not part of a program's meaning.</summary>
    public Origin? Origin { get; init; }

    /// <summary>Programs compare by meaning: origins don't count.</summary>
    public virtual bool Equals(Statement? other) => EqualityContract == other?.EqualityContract;

    public override int GetHashCode() => EqualityContract.GetHashCode();
}

/// <summary>A place in the source, and the pass that made the instruction out of it (<c>backward of h2</c>).</summary>
public sealed record Origin(Span Span, string? Note = null)
{
    private const string UpdateNote = "update of ";

    /// <summary>The weight or slot whose next value is computed; null where none is.</summary>
    public string? Updated => Note is not null && Note.StartsWith(UpdateNote, StringComparison.Ordinal) ? Note[UpdateNote.Length..] : null;

    /// <summary>Where the next value of a weight or slot comes from: the weight's declaration.</summary>
    public static Origin OfUpdate(Span declaration, string state) => new(declaration, UpdateNote + state);
}

/// <summary>A statement that defines one value.</summary>
public abstract record Instruction(Definition Result) : Statement
{
    /// <summary>
    /// A fresh Gaussian: i.i.d. entries N(0, Variance) over widths and axes alike, independent of all else. A vector or matrix over widths,
    /// or a scalar. The variance is a constant expression (rationals, π, powers of widths).
    /// </summary>
    public sealed record Gaussian(Definition Result, Expr Variance) : Instruction(Result);

    /// <summary>Numbers given from outside: a scalar over its axes, read anew in each iteration of the loops it stands in.</summary>
    public sealed record Data(Definition Result, string Field) : Instruction(Result);

    /// <summary>y = W x, or Wᵀ x when <paramref name="Transposed"/>: sums over the full width, no 1/n.</summary>
    public sealed record MatMul(Definition Result, Expr.Reference Matrix, bool Transposed, Expr.Reference Vector) : Instruction(Result);

    /// <summary>
    /// y_α = body, coordinate by coordinate. The body refers to vectors over the same width (their coordinate α), to scalars and indices. Without a width
    /// in the result it is a function of scalars.
    /// </summary>
    public sealed record Nonlin(Definition Result, Expr Body) : Instruction(Result)
    {
        /// <summary>Whether gradients stop here: only until the backward pass is made, and not printed.</summary>
        public bool IsConstant { get; init; }
    }

    /// <summary>θ = (1/n) Σ_α body, a mean over the coordinates of <paramref name="Width"/>.</summary>
    public sealed record Moment(Definition Result, string Width, Expr Body) : Instruction(Result);

    /// <summary>M = Σ of terms: a matrix that stays a sum of scaled matrices and low-rank factors. No terms: the zero matrix.</summary>
    public sealed record MatrixSum(Definition Result, ValueList<MatrixTerm> Terms) : Instruction(Result);

    /// <summary>
    /// M_αβ = body, entry by entry: an outer nonlinearity (arXiv 2308.01814). The body refers to matrices over the same widths (their entry αβ) and to scalars; where the
    /// matrices are sums of factors u_α v_β, M is a function ψ(u_α; v_β).
    /// </summary>
    public sealed record OuterNonlin(Definition Result, Expr Body) : Instruction(Result);
}

/// <summary>A term of a <see cref="Instruction.MatrixSum"/>.</summary>
public abstract record MatrixTerm(Expr Coefficient)
{
    /// <summary>coefficient · M, the coefficient a scalar.</summary>
    public sealed record Scaled(Expr Coefficient, Expr.Reference Matrix) : MatrixTerm(Coefficient);

    /// <summary>
    /// Σ_over coefficient · u vᵀ, entries u_α v_β: no 1/n unless the coefficient has it. The coefficient, a scalar, and the vectors may use the
    /// indices in <paramref name="Over"/>.
    /// </summary>
    public sealed record Outer(Expr Coefficient, ValueList<IndexBinder> Over, Expr.Reference Left, Expr.Reference Right) : MatrixTerm(Coefficient)
    {
        /// <summary>The same term with the variables of <see cref="Over"/> renamed away from <paramref name="taken"/>.</summary>
        public Outer RenamedApart(IEnumerable<string> taken)
        {
            var used = taken.ToHashSet(StringComparer.Ordinal);
            var map = new Dictionary<string, Symbolics.Index>(StringComparer.Ordinal);
            var over = new List<IndexBinder>();
            foreach (var binder in Over)
            {
                var name = IndexSubstitution.FreshName(binder.Name, used);
                used.Add(name);
                over.Add(new IndexBinder(name, binder.Axis, binder.Below is { } below && map.TryGetValue(below, out var bound) ? ((Symbolics.Index.Variable)bound).Name : binder.Below));
                map.Add(binder.Name, name);
            }

            return new Outer(
                Coefficient.ReplaceIndices(map),
                over.ToValueList(),
                (Expr.Reference)Left.ReplaceIndices(map),
                (Expr.Reference)Right.ReplaceIndices(map));
        }
    }
}

/// <summary>
/// Repeats a block. In iteration t (0-based; the counter names an axis-like index that bodies may read) each carried name has the value that the iteration
/// before gave it. After the loop the carried names stand for the final values.
/// </summary>
/// <param name="Counter">The index variable t; it is also the name of the time axis.</param>
/// <param name="Count">How many iterations.</param>
/// <param name="Carried">The state.</param>
/// <param name="Body">The block that is repeated.</param>
public sealed record Loop(string Counter, int Count, ValueList<Carried> Carried, ValueList<Statement> Body) : Statement;

/// <summary>A value carried from one iteration to the next: a parameter, a momentum buffer.</summary>
/// <param name="State">Its name and type inside the loop (and after it).</param>
/// <param name="Initial">The name of its value before the loop.</param>
/// <param name="Next">The name of the value, defined in the body, that it has in the next iteration.</param>
public sealed record Carried(Definition State, string Initial, string Next);
