using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// An optimizer seen from f in the kernel regime. f is affine in the weights there, so a rule that is linear in gradient, slots and weight moves f as it moves each weight, with
/// Σ_b Θ(ξ, ξ_b) ∂L/∂f(ξ_b) for the gradient (arXiv 2011.14522, section 4): gradient descent, heavy ball, Nesterov. Weight decay shrinks the initial weights, and so changes Θ; a norm isn't linear.
/// </summary>
internal sealed class KernelDescent
{
    private const string Weight = "w";
    private const string Gradient = "g";
    private const string Rate = "rate";

    private readonly TrainingPlan plan;
    private readonly string output;
    private readonly string batch;
    private readonly string sample;
    private readonly IReadOnlyList<Index> at;

    /// <summary>What a name in the rule stands for at this point of it: a sum of terms in g, w and slots.</summary>
    private readonly Dictionary<string, List<Term>> values = new(StringComparer.Ordinal);

    /// <summary>How many factors of the rate a slot carries.</summary>
    private readonly Dictionary<string, int> degrees = new(StringComparer.Ordinal);

    private KernelDescent(Network network, TrainingPlan plan, string sample, IReadOnlyList<IndexBinder> axes)
    {
        (this.plan, this.sample) = (plan, sample);
        (output, batch) = (network.Outputs[0], network.BatchAxis);
        at = [.. axes.Select(binder => (Index)binder.Name)];
    }

    /// <summary>The equations of training, or null for a rule that has none.</summary>
    /// <param name="network">A network with one output.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="sample">The index of the batch.</param>
    /// <param name="axes">The other axes of the output.</param>
    public static ValueList<Equation>? Of(Network network, TrainingPlan plan, string sample, IReadOnlyList<IndexBinder> axes) =>
        new KernelDescent(network, plan, sample, axes).Equations();

    private ValueList<Equation>? Equations()
    {
        values[Weight] = [new(Weight, Expr.One, 0)];
        values[Gradient] = [new(Gradient, Expr.One, 0)];
        var states = plan.Rule.Slots.Where(IsState).ToHashSet(StringComparer.Ordinal);
        foreach (var slot in plan.Rule.Slots)
        {
            values[slot] = states.Contains(slot) ? [new(slot, Expr.One, 0)] : [];
        }

        var equations = new List<Equation>();
        foreach (var assignment in plan.Rule.Assignments)
        {
            if (Linear(assignment.Value, Expr.One, 0) is not { } sum)
            {
                return null;
            }

            List<Term> terms = [.. sum.GroupBy(term => (term.Atom, term.Degree)).Select(group => new Term(group.Key.Atom, Expr.SumOf(group.Select(term => term.Coefficient)), group.Key.Degree)).Where(term => !term.Coefficient.IsZero)];
            if (assignment.Target == Weight)
            {
                if (terms.Where(term => term.Atom == Weight).ToList() is not [{ Degree: 0, Coefficient.IsOne: true }]
                    || terms.Where(term => term.Atom != Weight).Any(term => Total(term) != 1))
                {
                    return null;
                }
            }
            else if (terms.Any(term => term.Atom == Weight))
            {
                return null;
            }

            if (states.Contains(assignment.Target))
            {
                if (terms.FirstOrDefault(term => term.Atom != assignment.Target) is { } first)
                {
                    degrees[assignment.Target] = Total(first);
                }

                if (terms.Any(term => Total(term) != Total(new Term(assignment.Target, Expr.One, 0))))
                {
                    return null;
                }

                equations.Add(new(Slot(assignment.Target, new Index.Fixed(0)), Relation.Equal, Expr.Zero));
                equations.Add(new(Slot(assignment.Target, Next), Relation.Equal, Sum(terms)));
                values[assignment.Target] = [new(assignment.Target + "+", Expr.One, 0)];
                degrees[assignment.Target + "+"] = degrees.GetValueOrDefault(assignment.Target);
            }
            else
            {
                values[assignment.Target] = terms;
            }
        }

        equations.Add(new(F(Next), Relation.Equal, Sum(values[Weight]), FormattableString.Invariant($"{sample}' runs over the batch; ∂L/∂f with the loss as it is, a mean over the batch")));
        return equations.ToValueList();
    }

    private static Index Next => new Index.Shifted(TrainingProgram.Step, 1);

    /// <summary>A slot whose old value is read is state; the others are abbreviations within a step.</summary>
    private bool IsState(string slot)
    {
        var reads = plan.Rule.Assignments.TakeWhile(assignment => !Mentions(assignment.Value, slot)).Count();
        return reads < plan.Rule.Assignments.Count && reads <= plan.Rule.Assignments.TakeWhile(assignment => assignment.Target != slot).Count();
    }

    private static bool Mentions(Expr expr, string name) => expr.References().Any(reference => reference.Name == name);

    private int Total(Term term) => term.Degree + degrees.GetValueOrDefault(term.Atom);

    /// <summary>The terms of an expression, or null when it isn't linear in g, w and slots with numbers and powers of the rate for coefficients.</summary>
    private List<Term>? Linear(Expr expr, Expr coefficient, int degree)
    {
        switch (expr)
        {
            case Expr.Constant { Value.IsZero: true }:
                return [];
            case Expr.Reference reference when values.TryGetValue(reference.Name, out var terms):
                return [.. terms.Select(term => new Term(term.Atom, coefficient * term.Coefficient, degree + term.Degree))];
            case Expr.Add add:
                var parts = add.Terms.Select(term => Linear(term, coefficient, degree)).ToList();
                return parts.Any(part => part is null) ? null : [.. parts.SelectMany(part => part!)];
            case Expr.Multiply product when product.Factors.Where(factor => factor.References().Any(reference => reference.Name != Rate)).ToList() is [var only]:
                var others = product.Factors.Where(factor => !ReferenceEquals(factor, only)).ToList();
                var rates = others.Count(factor => factor is Expr.Reference);
                return others.Any(factor => factor is not Expr.Reference && Mentions(factor, Rate))
                    ? null
                    : Linear(only, coefficient * Expr.ProductOf(others.Where(factor => factor is not Expr.Reference)), degree + rates);
            default:
                return null;
        }
    }

    private Expr Sum(IEnumerable<Term> terms) =>
        Expr.SumOf(terms.Select(term => Expr.ProductOf([term.Coefficient, Expr.Pow(plan.LearningRate, term.Degree), Atom(term.Atom)])));

    private Expr Atom(string atom) => atom switch
    {
        Weight => F(TrainingProgram.Step),
        Gradient => Expr.SumOver(
            new IndexBinder(sample + "'", batch),
            Expr.Of("Theta_" + output, sample, sample + "'") * new Expr.Reference("dloss_" + output, [TrainingProgram.Step, sample + "'", .. at])),
        _ when atom.EndsWith('+') => Slot(atom[..^1], Next),
        _ => Slot(atom, TrainingProgram.Step),
    };

    private Expr.Reference F(Index time) => new(output, [time, sample, .. at]);

    private Expr.Reference Slot(string slot, Index time) => new(slot + "_" + output, [time, sample, .. at]);

    private sealed record Term(string Atom, Expr Coefficient, int Degree);
}
