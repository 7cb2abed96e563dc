using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Derivation;

/// <summary>coefficient · η^degree · atom.</summary>
/// <param name="Atom"><see cref="KernelRule.Weight"/>, <see cref="KernelRule.Gradient"/>, a slot before the step, or after it: its name and <c>+</c>.</param>
/// <param name="Coefficient">A number; may hold <c>norm</c> and the step t.</param>
/// <param name="Degree">Factors of the learning rate.</param>
public sealed record KernelTerm(string Atom, Expr Coefficient, int Degree);

/// <summary>What a slot, or w, is after the step.</summary>
public sealed record KernelAssignment(string Target, ValueList<KernelTerm> Terms);

/// <summary>
/// An optimizer seen from f in the kernel regime. f is affine in the weights there, so a rule that is linear in gradient, slots and weight moves f as it moves each weight, with
/// Σ_b Θ(ξ, ξ_b) ∂L/∂f(ξ_b) for the gradient (arXiv 2011.14522, section 4): gradient descent, heavy ball, Nesterov. Weight decay shrinks the initial weights, and so changes Θ from step to step. A norm isn't
/// linear, but it is a number: norm² = Σ_{b,b'} ∂L/∂f(ξ_b) Θ(ξ_b, ξ_b') ∂L/∂f(ξ_b'), so clipping only changes coefficients.
/// </summary>
/// <param name="States">The slots that are carried from step to step, from 0.</param>
/// <param name="Assignments">In order; what is left of w is last, its terms those of the change of f besides f itself.</param>
public sealed record KernelRule(ValueList<string> States, ValueList<KernelAssignment> Assignments)
{
    public const string Weight = "w";
    public const string Gradient = "g";
    public const string Norm = "norm";

    /// <summary>Whether a coefficient depends on the norm of the gradient.</summary>
    public bool UsesNorm => Assignments.SelectMany(assignment => assignment.Terms).Any(term => term.Coefficient.References().Any(reference => reference.Name == Norm));

    /// <summary>The rule, or null where f doesn't follow from its kernel alone: with weight decay, with powers of the gradient.</summary>
    public static KernelRule? Of(UpdateRule rule) => new Reader(rule).Read();

    private sealed class Reader(UpdateRule rule)
    {
        private const string Rate = "rate";

        /// <summary>What a name in the rule stands for at this point of it: a sum of terms in g, w and slots.</summary>
        private readonly Dictionary<string, List<KernelTerm>> values = new(StringComparer.Ordinal);

        /// <summary>How many factors of the rate a slot carries.</summary>
        private readonly Dictionary<string, int> degrees = new(StringComparer.Ordinal);

        public KernelRule? Read()
        {
            values[Weight] = [new(Weight, Expr.One, 0)];
            values[Gradient] = [new(Gradient, Expr.One, 0)];
            var states = rule.Slots.Where(IsState).ToHashSet(StringComparer.Ordinal);
            foreach (var slot in rule.Slots)
            {
                values[slot] = states.Contains(slot) ? [new(slot, Expr.One, 0)] : [];
            }

            var assignments = new List<KernelAssignment>();
            foreach (var assignment in rule.Assignments)
            {
                if (Linear(assignment.Value, Expr.One, 0) is not { } sum)
                {
                    return null;
                }

                List<KernelTerm> terms =
                [
                    .. sum.GroupBy(term => (term.Atom, term.Degree))
                        .Select(group => new KernelTerm(group.Key.Atom, Expr.SumOf(group.Select(term => term.Coefficient)), group.Key.Degree))
                        .Where(term => !term.Coefficient.IsZero),
                ];
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

                    if (terms.Any(term => Total(term) != Total(new KernelTerm(assignment.Target, Expr.One, 0))))
                    {
                        return null;
                    }

                    assignments.Add(new(assignment.Target, terms.ToValueList()));
                    values[assignment.Target] = [new(assignment.Target + "+", Expr.One, 0)];
                    degrees[assignment.Target + "+"] = degrees.GetValueOrDefault(assignment.Target);
                }
                else
                {
                    values[assignment.Target] = terms;
                }
            }

            return new KernelRule(rule.Slots.Where(states.Contains).ToValueList(), [.. assignments, new KernelAssignment(Weight, values[Weight].ToValueList())]);
        }

        /// <summary>A slot whose old value is read is state; the others are abbreviations within a step.</summary>
        private bool IsState(string slot)
        {
            var reads = rule.Assignments.TakeWhile(assignment => !Mentions(assignment.Value, slot)).Count();
            return reads < rule.Assignments.Count && reads <= rule.Assignments.TakeWhile(assignment => assignment.Target != slot).Count();
        }

        private static bool Mentions(Expr expr, string name) => expr.References().Any(reference => reference.Name == name);

        private int Total(KernelTerm term) => term.Degree + degrees.GetValueOrDefault(term.Atom);

        /// <summary>The terms of an expression, or null when it isn't linear in g, w and slots with numbers, functions of the norm and powers of the rate for coefficients.</summary>
        private List<KernelTerm>? Linear(Expr expr, Expr coefficient, int degree)
        {
            switch (expr)
            {
                case Expr.Constant { Value.IsZero: true }:
                    return [];
                case Expr.Reference reference when values.TryGetValue(reference.Name, out var terms):
                    return [.. terms.Select(term => new KernelTerm(term.Atom, coefficient * term.Coefficient, degree + term.Degree))];
                case Expr.Add add:
                    var parts = add.Terms.Select(term => Linear(term, coefficient, degree)).ToList();
                    return parts.Any(part => part is null) ? null : [.. parts.SelectMany(part => part!)];
                case Expr.Multiply product when product.Factors.Where(factor => factor.References().Any(reference => reference.Name is not (Rate or Norm))).ToList() is [var only]:
                    var others = product.Factors.Where(factor => !ReferenceEquals(factor, only)).ToList();
                    var numbers = others.Where(factor => factor is not Expr.Reference { Name: Rate }).ToList();
                    return numbers.Any(factor => Mentions(factor, Rate))
                        ? null
                        : Linear(only, coefficient * Expr.ProductOf(numbers), degree + others.Count - numbers.Count);
                default:
                    return null;
            }
        }
    }
}
