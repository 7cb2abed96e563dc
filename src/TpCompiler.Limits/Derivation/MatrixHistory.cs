using System.Diagnostics;
using System.Globalization;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// What a matrix is, at step t, in terms of Gaussian matrices and of the factors that each earlier step made:
/// M_t = Σ_W ω_t W + Σ_{s&lt;t} Σ κ_{t,s} c_s u_s v_sᵀ/n. Coefficients that are always 1 are left out; the others have recurrences. The same factors u_s v_sᵀ may come into several states, or into one
/// by several ways, each with a coefficient of its own (Nesterov's −η g beside −ηβ m): c_s is what these coefficients share, and what differs stands in κ_{s+1,s}.
/// </summary>
internal sealed class MatrixHistory
{
    private readonly Dictionary<string, Instruction> instructions;
    private readonly Dictionary<string, Carried> states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Carried> nexts = new(StringComparer.Ordinal);
    private readonly TimeFrame frame;
    private readonly List<Factors> families = [];

    public MatrixHistory(Program program, TimeFrame frame)
    {
        this.frame = frame;
        instructions = program.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        foreach (var carried in program.Body.OfType<Loop>().SelectMany(loop => loop.Carried).Where(carried => carried.State.Kind == ValueKind.Matrix))
        {
            states[carried.State.Name] = carried;
            nexts[carried.Next] = carried;
        }

        FindFamilies();
    }

    /// <summary>Factors that each step makes, u_s v_sᵀ summed over some axes, wherever they go.</summary>
    /// <param name="Term">With the coefficient c that all states share, and the part of it that depends on the indices of the sum.</param>
    /// <param name="Own">What a step puts of c u vᵀ directly into each state.</param>
    /// <param name="Group">Families that go the same ways have the same κ.</param>
    private sealed record Factors(MatrixTerm.Outer Term, IReadOnlyDictionary<string, Expr> Own, int Group);

    /// <summary>The coefficient names that have been used, and so need their recurrence.</summary>
    public SortedSet<string> UsedStates { get; } = new(StringComparer.Ordinal);

    /// <summary>The Gaussian matrices in M with their coefficients; one without a time for a matrix that is not trained.</summary>
    public IReadOnlyList<(string Gaussian, Expr Coefficient)> Gaussians(string matrix)
    {
        if (states.TryGetValue(matrix, out var state))
        {
            var initial = Gaussians(state.Initial);
            return initial.Select(part => (part.Gaussian, IsPlain(matrix) ? part.Coefficient : part.Coefficient * Omega(matrix, frame.Counter!))).ToList();
        }

        return instructions[matrix] switch
        {
            Instruction.Gaussian => [(matrix, Expr.One)],
            Instruction.MatrixSum sum => [.. sum.Terms.OfType<MatrixTerm.Scaled>().SelectMany(term =>
                Gaussians(term.Matrix.Name).Select(part => (part.Gaussian, frame.Of(term.Coefficient) * part.Coefficient)))],
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The factors that earlier steps left in the matrix: coefficient κ_{t,s}, and the outer term to be read at time s.</summary>
    public IReadOnlyList<(Expr Coefficient, MatrixTerm.Outer Term)> PastFactors(string matrix)
    {
        if (!states.TryGetValue(matrix, out var state))
        {
            return [.. Parts(matrix).SelectMany(part => PastFactors(part.Matrix.Name).Select(past => (frame.Of(part.Coefficient) * past.Coefficient, past.Term)))];
        }

        var plain = IsPlain(matrix);
        if (!plain)
        {
            Use(matrix);
        }

        return plain
            ? [.. OutersOf(state, []).Select(outer => (Expr.One, outer))]
            : [.. FamiliesOf(state).Select(family => (Kappa(matrix, family.Group, frame.Counter!, "s"), family.Term))];
    }

    /// <summary>The factors that this very step put in a matrix that is not carried, such as an adapted weight.</summary>
    public IReadOnlyList<MatrixTerm.Outer> PresentFactors(string matrix) =>
        states.ContainsKey(matrix) || instructions[matrix] is not Instruction.MatrixSum sum ? [] :
        [
            .. sum.Terms.OfType<MatrixTerm.Outer>(),
            .. Parts(matrix).SelectMany(part => PresentFactors(part.Matrix.Name).Select(outer => outer with { Coefficient = part.Coefficient * outer.Coefficient })),
        ];

    /// <summary>Recurrences of ω and κ for the states that were used.</summary>
    public IEnumerable<Equation> Recurrences()
    {
        var t = frame.Counter!;
        foreach (var name in UsedStates)
        {
            var state = states[name];
            var sum = (Instruction.MatrixSum)instructions[state.Next];
            var scaled = sum.Terms.OfType<MatrixTerm.Scaled>().ToList();
            var hasGaussian = Gaussians(state.Initial).Count > 0;
            if (hasGaussian)
            {
                yield return new(Omega(name, new Index.Fixed(0)), Relation.Equal, Expr.One);
                yield return new(
                    Omega(name, new Index.Shifted(t, 1)),
                    Relation.Equal,
                    Expr.SumOf(scaled.Where(term => Family(term.Matrix.Name) == name).Select(term => frame.Of(term.Coefficient) * Omega(name, t))),
                    $"what is left of the initial {name}");
            }

            foreach (var family in FamiliesOf(state).DistinctBy(family => family.Group))
            {
                var holding = scaled.Where(term => states.TryGetValue(Family(term.Matrix.Name), out var other) && FamiliesOf(other).Any(known => known.Group == family.Group)).ToList();
                yield return new(
                    Kappa(name, family.Group, new Index.Shifted(t, 1), "s"),
                    Relation.Equal,
                    Expr.SumOf(holding.Select(term => frame.Of(term.Coefficient) * Kappa(Family(term.Matrix.Name), family.Group, TimeOf(term.Matrix.Name), "s"))),
                    $"s < {t}: what is left in {name} of the factors of step s");
                var now = Expr.SumOf(holding.Where(term => nexts.ContainsKey(term.Matrix.Name))
                    .Select(term => frame.Of(term.Coefficient) * Kappa(Family(term.Matrix.Name), family.Group, new Index.Shifted(t, 1), t))
                    .Append(frame.Of(family.Own.GetValueOrDefault(name, Expr.Zero))));
                yield return new(Kappa(name, family.Group, new Index.Shifted(t, 1), t), Relation.Equal, now);
            }
        }
    }

    /// <summary>The outer terms of all states, those of the same factors together.</summary>
    private void FindFamilies()
    {
        var found = new List<(MatrixTerm.Outer Term, Dictionary<string, Expr> Own)>();
        foreach (var state in states.Values)
        {
            foreach (var outer in instructions.TryGetValue(state.Next, out var next) && next is Instruction.MatrixSum sum ? sum.Terms.OfType<MatrixTerm.Outer>() : [])
            {
                var factors = (outer.Coefficient is Expr.Multiply product ? product.Factors : [outer.Coefficient]).ToLookup(factor => factor is Expr.WidthPower || factor.FreeIndices().Overlaps(outer.Over.Select(binder => binder.Name)));
                var term = outer with { Coefficient = Expr.ProductOf(factors[true]) };
                var at = found.FindIndex(family => family.Term == term);
                if (at < 0)
                {
                    at = found.Count;
                    found.Add((term, new Dictionary<string, Expr>(StringComparer.Ordinal)));
                }

                found[at].Own[state.State.Name] = found[at].Own.GetValueOrDefault(state.State.Name, Expr.Zero) + Expr.ProductOf(factors[false]);
            }
        }

        var groups = new List<string>();
        foreach (var (term, own) in found)
        {
            var shared = own.Values.Distinct().ToList() is [var only] ? only : Expr.One;
            var relative = own.ToDictionary(pair => pair.Key, pair => shared.IsOne ? pair.Value : Expr.One, StringComparer.Ordinal);
            var pattern = string.Join(';', relative.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{pair.Value}"));
            if (!groups.Contains(pattern))
            {
                groups.Add(pattern);
            }

            families.Add(new Factors(term with { Coefficient = shared * term.Coefficient }, relative, groups.IndexOf(pattern)));
        }
    }

    /// <summary>The families whose factors come into a state, directly or through another one (a momentum).</summary>
    private IEnumerable<Factors> FamiliesOf(Carried state)
    {
        var through = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([state.State.Name]);
        while (open.TryPop(out var name))
        {
            if (through.Add(name) && instructions.TryGetValue(states[name].Next, out var next) && next is Instruction.MatrixSum sum)
            {
                foreach (var term in sum.Terms.OfType<MatrixTerm.Scaled>().Where(term => states.ContainsKey(Family(term.Matrix.Name))))
                {
                    open.Push(Family(term.Matrix.Name));
                }
            }
        }

        return families.Where(family => family.Own.Keys.Any(through.Contains));
    }

    /// <summary>The matrices that a matrix which is not carried is made of.</summary>
    private IEnumerable<MatrixTerm.Scaled> Parts(string matrix) => instructions[matrix] is Instruction.MatrixSum sum ? sum.Terms.OfType<MatrixTerm.Scaled>() : [];

    private static Expr Omega(string matrix, Index time) => Expr.Of("omega_" + matrix, time);

    private static Expr Kappa(string matrix, int group, Index time, Index made) =>
        Expr.Of($"kappa_{matrix}{(group == 0 ? string.Empty : $"_{(group + 1).ToString(CultureInfo.InvariantCulture)}")}", time, made);

    private Index TimeOf(string matrix) => nexts.ContainsKey(matrix) ? new Index.Shifted(frame.Counter!, 1) : frame.Counter!;

    private string Family(string matrix) => nexts.TryGetValue(matrix, out var carried) ? carried.State.Name : matrix;

    private void Use(string matrix)
    {
        if (!UsedStates.Add(matrix))
        {
            return;
        }

        foreach (var term in ((Instruction.MatrixSum)instructions[states[matrix].Next]).Terms.OfType<MatrixTerm.Scaled>().Where(term => states.ContainsKey(Family(term.Matrix.Name))))
        {
            Use(Family(term.Matrix.Name));
        }
    }

    /// <summary>W ← W + outer terms: every coefficient is 1.</summary>
    private bool IsPlain(string state)
    {
        var carried = states[state];
        return carried.Next == state || (instructions[carried.Next] is Instruction.MatrixSum sum
            && sum.Terms.OfType<MatrixTerm.Scaled>().All(term => term.Matrix.Name == state && term.Coefficient.IsOne)
            && sum.Terms.OfType<MatrixTerm.Scaled>().Count() == 1);
    }

    /// <summary>The outer terms that a step adds to a state, its own or through another state (a momentum).</summary>
    private IEnumerable<MatrixTerm.Outer> OutersOf(Carried state, HashSet<string> seen)
    {
        if (!seen.Add(state.State.Name) || !instructions.TryGetValue(state.Next, out var next) || next is not Instruction.MatrixSum sum)
        {
            return [];
        }

        return sum.Terms.SelectMany(term => term switch
        {
            MatrixTerm.Outer outer => [outer],
            MatrixTerm.Scaled scaled when states.TryGetValue(Family(scaled.Matrix.Name), out var other) => OutersOf(other, seen),
            _ => [],
        });
    }
}
