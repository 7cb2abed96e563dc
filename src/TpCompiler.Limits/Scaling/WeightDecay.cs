using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// What an optimizer does to weights besides learning. The next value of a weight or slot is a combination of weights and slots, with coefficients that no data goes into
/// (w ← (1 − ηλ) w − …, or m ← β m + λ w + …), and of the rest, which gradients make. The combination alone is the training of a net that has nothing to learn.
/// </summary>
public sealed class WeightDecay
{
    private readonly Program program;
    private readonly Loop? loop;
    private readonly HashSet<string> weights;
    private readonly Dictionary<string, Carried> states;
    private readonly Dictionary<string, Instruction> body;
    private readonly Dictionary<string, bool> isFixed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, Expr>> parts = new(StringComparer.Ordinal);

    private WeightDecay(Program program)
    {
        this.program = program;
        weights = program.Parameters.Where(parameter => parameter.Trained).Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        loop = program.Body.OfType<Loop>().FirstOrDefault(candidate => candidate.Carried.Any(carried => weights.Contains(carried.State.Name)));
        states = (loop?.Carried ?? []).ToDictionary(carried => carried.State.Name, StringComparer.Ordinal);
        body = (loop?.Body ?? []).OfType<Instruction>().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        Exponents = states.Keys.Where(weights.Contains)
            .Select(weight => (weight, Exponent: ExponentOf(weight)))
            .Where(pair => pair.Exponent is not null)
            .ToDictionary(pair => pair.weight, pair => pair.Exponent!.Value, StringComparer.Ordinal);
    }

    public static WeightDecay Of(Program program) => new(program);

    /// <summary>For each weight that decays e: steps take Θ(n^{-e}) of it.</summary>
    public IReadOnlyDictionary<string, Rational> Exponents { get; }

    /// <summary>The same training of nets that have nothing to learn: weights and slots go on without what gradients add. Null where no weight decays.</summary>
    public Program? Alone => Exponents.Count == 0 ? null : WithBody(instruction =>
        loop!.Carried.FirstOrDefault(carried => carried.Next == instruction.Result.Name) is { } carried && !IsFixed(carried.State.Name) ? Combination(instruction, PartsOf(instruction.Result.Name)) : instruction);

    /// <summary>The training without the decay that goes through slots: what they gather is gradients.</summary>
    public Program WithoutSlots
    {
        get
        {
            var stripped = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
            foreach (var weight in Exponents.Keys)
            {
                foreach (var slot in states.Values.Where(carried => !weights.Contains(carried.State.Name) && PartsOf(carried.Next).ContainsKey(weight) && DistancesFrom(carried.State.Name).ContainsKey(weight)))
                {
                    Mark(slot.Next, weight);
                }
            }

            return stripped.Count == 0 ? program : WithBody(instruction => stripped.TryGetValue(instruction.Result.Name, out var dropped) ? Without(instruction, dropped) : instruction);

            void Mark(string name, string weight)
            {
                if (!stripped.TryGetValue(name, out var dropped))
                {
                    stripped.Add(name, dropped = new HashSet<string>(StringComparer.Ordinal));
                }

                dropped.Add(weight);
                foreach (var term in LinearTerms(body[name]).Where(term => !states.ContainsKey(term.Name) && PartsOf(term.Name).ContainsKey(weight)))
                {
                    Mark(term.Name, weight);
                }
            }
        }
    }

    /// <summary>What a step takes of a weight: 1 less its own coefficient, or what comes back to it by slots.</summary>
    private Rational? ExponentOf(string weight)
    {
        var taken = PartsOf(states[weight].Next).GetValueOrDefault(weight, Expr.Zero) - Expr.One;
        var own = taken.IsZero ? (Rational?)null : Order(taken);
        return states.Keys.Where(slot => !weights.Contains(slot) && PartsOf(states[slot].Next).ContainsKey(weight))
            .Select(slot => Order(PartsOf(states[slot].Next)[weight]) + (DistancesFrom(slot).TryGetValue(weight, out var back) ? back : (Rational?)null))
            .Append(own)
            .Min();
    }

    /// <summary>How much of a slot arrives in other states after any number of steps, as exponents: the shortest paths through slots.</summary>
    private Dictionary<string, Rational> DistancesFrom(string slot)
    {
        var distances = new Dictionary<string, Rational>(StringComparer.Ordinal) { [slot] = 0 };
        for (var i = 0; i < states.Count; i++)
        {
            var changed = false;
            foreach (var (name, carried) in states)
            {
                foreach (var (source, coefficient) in PartsOf(carried.Next))
                {
                    if (source != name && !weights.Contains(source) && distances.TryGetValue(source, out var distance) && distance + Order(coefficient) is { } way
                        && (!distances.TryGetValue(name, out var known) || way < known))
                    {
                        distances[name] = way;
                        changed = true;
                    }
                }
            }

            if (!changed)
            {
                break;
            }
        }

        return distances;
    }

    private static Rational Order(Expr coefficient) => LeadingTerm.Of(coefficient, _ => 0, _ => 1)?.Order ?? 0;

    /// <summary>The combination of states in a value of the loop: a coefficient for each.</summary>
    private IReadOnlyDictionary<string, Expr> PartsOf(string name)
    {
        if (states.ContainsKey(name))
        {
            return IsFixed(name) ? new Dictionary<string, Expr>() : new Dictionary<string, Expr> { [name] = Expr.One };
        }

        if (!parts.TryGetValue(name, out var known))
        {
            known = body.TryGetValue(name, out var instruction)
                ? LinearTerms(instruction)
                    .SelectMany(term => PartsOf(term.Name).Select(part => (part.Key, Coefficient: term.Coefficient * part.Value)))
                    .GroupBy(part => part.Key, StringComparer.Ordinal)
                    .Select(group => (group.Key, Sum: Expr.SumOf(group.Select(part => part.Coefficient))))
                    .Where(part => !part.Sum.IsZero)
                    .ToDictionary(part => part.Key, part => part.Sum, StringComparer.Ordinal)
                : new Dictionary<string, Expr>();
            parts.Add(name, known);
        }

        return known;
    }

    /// <summary>Terms coefficient · value with a coefficient that no data goes into.</summary>
    private IEnumerable<(string Name, Expr Coefficient)> LinearTerms(Instruction instruction) => instruction switch
    {
        Instruction.MatrixSum sum => sum.Terms.OfType<MatrixTerm.Scaled>().Where(term => IsFixed(term.Coefficient)).Select(term => (term.Matrix.Name, term.Coefficient)),
        Instruction.Nonlin nonlin => TermsOf(nonlin.Body).Select(term => LinearTerm(nonlin.Result, term)).OfType<(string, Expr)>(),
        _ => [],
    };

    private (string Name, Expr Coefficient)? LinearTerm(Definition result, Expr term)
    {
        var factors = FactorsOf(term);
        var values = factors.OfType<Expr.Reference>().Where(reference => !IsFixed(reference.Name)).ToList();
        return values is [var value] && value == ReferenceTo(value.Name, result) && factors.Where(factor => factor != (Expr)value).All(IsFixed)
            ? (value.Name, Expr.ProductOf(factors.Where(factor => factor != (Expr)value)))
            : null;
    }

    private bool IsFixed(Expr expr) => expr.References().All(reference => IsFixed(reference.Name));

    /// <summary>Whether a value is the same whatever the weights and the data are, as 1 − β^t is.</summary>
    private bool IsFixed(string name)
    {
        if (!isFixed.TryGetValue(name, out var known))
        {
            isFixed[name] = true;
            known = states.TryGetValue(name, out var carried)
                ? carried.State.Kind == ValueKind.Scalar && !weights.Contains(name) && IsFixed(carried.Next)
                : body.TryGetValue(name, out var instruction) && instruction is Instruction.Nonlin { Result.Kind: ValueKind.Scalar } nonlin && IsFixed(nonlin.Body);
            isFixed[name] = known;
        }

        return known;
    }

    private Program WithBody(Func<Instruction, Instruction> map) => program with
    {
        Body = program.Body.Select(statement => ReferenceEquals(statement, loop)
            ? loop! with { Body = loop.Body.Select(inner => inner is Instruction instruction ? map(instruction) : inner).ToValueList() }
            : statement).ToValueList(),
    };

    private static Instruction Combination(Instruction next, IReadOnlyDictionary<string, Expr> parts) => next switch
    {
        Instruction.Nonlin nonlin => nonlin with { Body = Expr.SumOf(parts.Select(part => part.Value * ReferenceTo(part.Key, nonlin.Result))) },
        Instruction.MatrixSum sum => sum with { Terms = [.. parts.Select(part => new MatrixTerm.Scaled(part.Value, ReferenceTo(part.Key, sum.Result)))] },
        _ => next,
    };

    private Instruction Without(Instruction instruction, HashSet<string> dropped) => instruction switch
    {
        Instruction.Nonlin nonlin => nonlin with { Body = Expr.SumOf(TermsOf(nonlin.Body).Where(term => LinearTerm(nonlin.Result, term) is not { } linear || !dropped.Contains(linear.Name))) },
        Instruction.MatrixSum sum => sum with { Terms = [.. sum.Terms.Where(term => term is not MatrixTerm.Scaled scaled || !dropped.Contains(scaled.Matrix.Name) || !IsFixed(scaled.Coefficient))] },
        _ => instruction,
    };

    private static Expr.Reference ReferenceTo(string name, Definition like) => (like with { Name = name }).AsReference();

    private static IEnumerable<Expr> TermsOf(Expr expr) => expr is Expr.Add add ? add.Terms : [expr];

    private static IReadOnlyList<Expr> FactorsOf(Expr term) => term is Expr.Multiply product ? [.. product.Factors] : [term];
}
