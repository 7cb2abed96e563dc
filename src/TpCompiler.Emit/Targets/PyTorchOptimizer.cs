using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// An optimizer's rule as a <c>torch.optim.Optimizer</c>: weights and slots are changed in place, term by term, with no array that isn't needed. A slot whose old value nothing reads is no state, and a slot that no weight goes into
/// is a number.
/// </summary>
internal sealed class PyTorchOptimizer
{
    private const string Weight = "w";

    /// <summary>The product of epsilon and size, as torch.optim calls it.</summary>
    private const string Epsilon = "eps";

    private readonly CodeWriter update = new();
    private readonly Expr learningRate;
    private readonly Expr? epsilon;
    private readonly UpdateRule rule;

    /// <summary>The names of a rule are its own: its slot m is not the network's width m.</summary>
    private readonly PythonExpressions expressions;
    private readonly List<Assignment> assignments = [];
    private readonly HashSet<string> states;
    private readonly HashSet<string> numbers;
    private readonly HashSet<string> tensors;

    /// <param name="rule">The rule.</param>
    /// <param name="learningRate">η, as it stands in the rule where decay doesn't depend on the width.</param>
    public PyTorchOptimizer(UpdateRule rule, Expr learningRate)
    {
        (this.rule, this.learningRate) = (rule, learningRate);
        expressions = new(PythonLibrary.PyTorch, PythonNames.Of, PythonNames.Of) { IsNumber = name => !tensors!.Contains(name) && (numbers!.Contains(name) || !rule.Slots.Contains(name)) };
        epsilon = Setting("epsilon");
        states = [.. rule.Slots.Where(IsState)];
        Dictionary<string, Expr> abbreviations = new(StringComparer.Ordinal);
        foreach (Assignment assignment in rule.Assignments)
        {
            Expr value = WithCoupledDecay(assignment.Value).SubstituteReferences(reference => abbreviations.GetValueOrDefault(reference.Name, reference));
            if (assignment.Target != Weight && !states.Contains(assignment.Target) && value is Expr.Reference)
            {
                abbreviations[assignment.Target] = value;
            }
            else
            {
                assignments.Add(assignment with { Value = value });
            }
        }

        numbers = [.. rule.Numbers];
        while (numbers.RemoveWhere(name => rule.Assignments.Any(assignment => assignment.Target == name
            && assignment.Value.DescendantsAndSelf().Any(part => part is Expr.Call || (part is Expr.Reference reference && !numbers.Contains(reference.Name))))) > 0)
        {
        }

        tensors = [Weight, "g", "norm", .. rule.Slots.Except(numbers)];
        assignments.ForEach(WriteAssignment);
        ReadsTime = PythonNames.Mentions(update.ToString(), PythonNames.Of(TrainingProgram.Step));
        ReadsSize = PythonNames.Mentions(update.ToString(), "size");
    }

    /// <summary>Whether a step reads the size of a gradient's entries from the group, and not only eps, which is a multiple of it.</summary>
    public bool ReadsSize { get; }

    /// <summary>What a parameter group has of the rule's settings, and by which factor of 1/rate and size it is wide: torch.optim knows coupled decay of SGD, and decoupled decay of AdamW, by one name.</summary>
    public IEnumerable<(string Key, Expr Value, bool IsDecay)> GroupSettings
    {
        get
        {
            if (Setting("weight_decay") is { } decoupled)
            {
                yield return (DecoupledKey, decoupled, true);
            }

            if (Setting("l2") is { } coupled)
            {
                yield return (CoupledKey, coupled, true);
            }

            if (epsilon is { } small)
            {
                yield return (Epsilon, small, false);
            }
        }
    }

    private string DecoupledKey => epsilon is null ? "decay" : CoupledKey;

    private const string CoupledKey = "weight_decay";

    private Expr? Setting(string name) => rule.Settings.FirstOrDefault(setting => setting.Target == name)?.Value is { IsZero: false } value && !rule.Slots.Contains(name) ? value : null;

    /// <summary>l2 η/rate, the same at every width, as what the group has.</summary>
    private Expr WithCoupledDecay(Expr value)
    {
        return Setting("l2") is not { } coupled ? value : value is Expr.Add sum ? Expr.SumOf(sum.Terms.Select(Replaced)) : Replaced(value);

        Expr Replaced(Expr term) => term.Equals(coupled * learningRate * Expr.Pow(Expr.Of("rate"), -1) * Expr.Of(Weight)) ? Expr.Of(CoupledKey) * Expr.Of(Weight) : term;
    }

    /// <summary>Whether a step is told which one it is: by decay, say, at a rate that depends on it.</summary>
    public bool ReadsTime { get; }

    /// <summary>Why the rule can't be written; null when it can.</summary>
    public string? Reason { get; private set; }

    /// <param name="writer">Where to.</param>
    /// <param name="norm">The global norm of the gradient as Python; null where the rule doesn't read it.</param>
    public void Write(CodeWriter writer, string? norm)
    {
        writer.Line("class Optimizer(torch.optim.Optimizer):").In();
        writer.Line($"\"\"\"{string.Join("; ", rule.Assignments.Select(assignment => $"{assignment.Target} = {assignment.Value}"))}\"\"\"\n");
        writer.Line("def __init__(self, groups):").In().Line("super().__init__(groups, {})").Out().Line();
        writer.Line($"@torch.no_grad()\ndef step(self{(ReadsTime ? ", " + PythonNames.Of(TrainingProgram.Step) : string.Empty)}):").In();
        if (norm is not null)
        {
            writer.Line("norm = " + norm);
        }

        writer.Line("for group in self.param_groups:").In().Line("rate = group[\"lr\"]");
        foreach (string setting in new[] { "size", DecoupledKey, CoupledKey, Epsilon }.Distinct().Where(name => PythonNames.Mentions(update.ToString(), name)))
        {
            writer.Line($"{setting} = group[\"{setting}\"]");
        }

        writer.Line("for w in group[\"params\"]:").In().Line("g = w.grad");
        List<string> kept = [.. rule.Slots.Where(states.Contains)];
        if (kept.Count > 0)
        {
            writer.Line("state = self.state[w]").Line("if not state:").In();
            kept.ForEach(slot => writer.Line($"state[\"{PythonNames.Of(slot)}\"] = {(numbers.Contains(slot) ? "0" : rule.Numbers.Contains(slot) ? "w.new_zeros(())" : "torch.zeros_like(w)")}"));
            writer.Out();
            kept.ForEach(slot => writer.Line($"{PythonNames.Of(slot)} = state[\"{PythonNames.Of(slot)}\"]"));
        }

        writer.Line(update.ToString().TrimEnd('\n')).Out().Out().Out().Out().Line().Line();
    }

    /// <summary>Whether an old value of a slot is read.</summary>
    private bool IsState(string slot)
    {
        int written = rule.Assignments.ToList().FindIndex(assignment => assignment.Target == slot);
        int read = rule.Assignments.ToList().FindIndex(assignment => Reads(assignment.Value, slot));
        return read >= 0 && (written < 0 || read <= written);
    }

    private void WriteAssignment(Assignment assignment)
    {
        string name = PythonNames.Of(assignment.Target);
        bool isState = states.Contains(assignment.Target);
        if (numbers.Contains(assignment.Target))
        {
            update.Line($"{name} = {(isState ? $"state[\"{name}\"] = " : string.Empty)}{Print(assignment.Value)}");
            return;
        }

        if (assignment.Target != Weight && !isState)
        {
            update.Line($"{name} = {Print(assignment.Value)}");
            return;
        }

        update.Line(InPlace(assignment.Target, assignment.Value) is { } calls ? name + calls : $"{name}.copy_({Print(assignment.Value)})");
    }

    /// <summary>The calls that turn the target into a · target + what is added, in place; null where the target is in it otherwise.</summary>
    private string? InPlace(string target, Expr value)
    {
        List<Expr> terms = [.. Terms(value)];
        List<Expr> own = [.. terms.Where(term => Reads(term, target))];
        Expr? factor = own.Count == 1 ? Expr.ProductOf([own[0], Expr.Pow(Expr.Of(target), -1)]) : null;
        if (factor is null || !IsNumber(factor))
        {
            return null;
        }

        string calls = factor.IsOne ? string.Empty
            : target == Weight && Setting("weight_decay") is { } decoupled && factor.Equals(Expr.One - (learningRate * decoupled)) ? $".mul_(1 - rate * {DecoupledKey})"
            : $".mul_({Print(factor)})";
        return calls + string.Concat(terms.Where(term => !ReferenceEquals(term, own[0])).Select(Added));
    }

    /// <summary>The terms of a sum, and those of a sum in a product with numbers.</summary>
    private IEnumerable<Expr> Terms(Expr value) => value switch
    {
        Expr.Add sum => sum.Terms.SelectMany(Terms),
        Expr.Multiply product when product.Factors.Where(factor => !IsNumber(factor)).ToList() is [Expr.Add inner] && inner.Terms.All(term => !IsNumber(term)) =>
            inner.Terms.SelectMany(term => Terms(Expr.ProductOf(product.Factors.Select(factor => ReferenceEquals(factor, inner) ? term : factor)))),
        _ => [value],
    };

    /// <summary>A term that is added in place: c · x, c · x y and c · x / y without an array for the product.</summary>
    private string Added(Expr term)
    {
        List<Expr> factors = [.. term is Expr.Multiply product ? product.Factors : [term]];
        Expr number = Expr.ProductOf(factors.Where(IsNumber));
        List<Expr> arrays = [.. factors.Where(factor => !IsNumber(factor))];
        bool hasNorm = Reads(term, "norm") || rule.Numbers.Any(slot => !numbers.Contains(slot) && Reads(term, slot));
        return arrays switch
        {
            _ when hasNorm => Expr.SplitCoefficient(term).Coefficient.Sign < 0 ? $".sub_({Print(-term)})" : $".add_({Print(term)})",
            [] => $".add_({Print(term)})",
            [Expr.Power { Base: Expr.Reference square } power] when power.Exponent == 2 => $".addcmul_({Print(square)}, {Print(square)}{Times("value", number)})",
            [Expr.Power { Exponent.Sign: < 0 } below, var above] => Divided(above, below),
            [var above, Expr.Power { Exponent.Sign: < 0 } below] => Divided(above, below),
            [var left, var right] => $".addcmul_({Print(left)}, {Print(right)}{Times("value", number)})",
            _ => $".add_({Print(Expr.ProductOf(arrays))}{Times("alpha", number)})",
        };

        // 1/(1 + 1000 x) is (1/1000)/(x + 1/1000): the rule says it so, the normal form doesn't.
        string Divided(Expr above, Expr.Power below)
        {
            if (below is { Base: Expr.Add sum } && below.Exponent == -1)
            {
                Rational largest = sum.Terms.Max(term => Expr.SplitCoefficient(term).Coefficient.Abs);
                Expr denominator = Expr.SumOf(sum.Terms.Select(term => WithEpsilon(term * (1 / largest))));
                return $".addcdiv_({Print(above)}, {Print(denominator)}{Times("value", number * (1 / largest))})";
            }

            return $".addcdiv_({Print(above)}, {Print(Expr.Pow(below, -1))}{Times("value", number)})";
        }

        string Times(string name, Expr factor) => factor.IsOne ? string.Empty : $", {name}={Print(factor)}";
    }

    /// <summary>What a parameter group has as eps, by this name.</summary>
    private Expr WithEpsilon(Expr term)
    {
        if (epsilon is null || !term.Equals(epsilon * Expr.Of("size")))
        {
            return term;
        }

        return Expr.Of(Epsilon);
    }

    private bool IsNumber(Expr expr) => expr.References().All(reference => !tensors.Contains(reference.Name));

    private static bool Reads(Expr expr, string name) => expr.References().Any(reference => reference.Name == name);

    private string Print(Expr value)
    {
        Dictionary<string, Definition> names = value.References().Select(reference => reference.Name).Distinct().ToDictionary(name => name, name => new Definition(name, [], []), StringComparer.Ordinal);
        ExpressionLowering lowering = new(names, name => name);
        string text = expressions.Print(lowering.Lower(value, new Definition(string.Empty, [], [])));
        Reason ??= lowering.Reason ?? (expressions.Missing is { } missing ? $"PyTorch has no `{missing}`" : null);
        return text;
    }
}
