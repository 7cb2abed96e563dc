using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// How everything in a program scales with the width, by abstract interpretation: each instruction is run with exponents in place of numbers (the rules of <see cref="BodyScaling"/> and
/// <see cref="Interpretation"/>), the training loop until nothing changes. Nothing is looked up from a theorem about a kind of network.
/// </summary>
public static class ScalingAnalysis
{
    /// <summary>Analyses a training program, a forward program, or any other.</summary>
    /// <param name="program">The raw program, with its powers of n.</param>
    /// <param name="repair">Whether to look for a repair of what is unstable or trivial: it takes as long as some dozens of analyses.</param>
    /// <param name="kind">How large updates are: those of the program are gradients, and are taken in this size.</param>
    /// <param name="written">The program as it runs, whose weights may decay, where <paramref name="program"/> is the training by plain gradients in its place.</param>
    /// <param name="depth">The number of layers, where it goes to infinity after the width.</param>
    public static ScalingResult Analyze(Program program, bool repair = true, UpdateKind kind = UpdateKind.Gradient, Program? written = null, DepthSymbol? depth = null) =>
        Analyze(program, repair, kind, written, depth, searched: null);

    /// <summary>
    /// The training of a network. Scalars that stay random at initialisation, as logits do that are divided by √n, are also tried as means of n terms, divided by n: a reason says what
    /// becomes of them then.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">How it is trained.</param>
    /// <param name="training">Its training by gradient descent: the program's own, when its optimizer is one.</param>
    /// <param name="kind">The size of updates; that of the plan's optimizer when it isn't given.</param>
    /// <param name="repair">Whether to look for a repair of what is unstable or trivial.</param>
    public static ScalingResult Analyze(Network network, TrainingPlan plan, Program training, UpdateKind? kind = null, bool repair = true)
    {
        var size = kind ?? plan.Rule.Kind;
        var result = Analyze(
            training,
            repair && network.Depth is null,
            size,
            plan.Rule.Kind == UpdateKind.Gradient ? null : TrainingProgram.Of(network, plan),
            network.Depth,
            plan.Written is null && plan.Rule is { Kind: UpdateKind.Gradient, ReadsNorm: true } ? () => new Analysis(TrainingProgram.Of(network, plan with { Rule = plan.Rule.OfUnitNorm }), size) : null);
        if (result.Verdict is not { } verdict)
        {
            return result;
        }

        var random = result.RandomScalars.ToHashSet(StringComparer.Ordinal);
        if (random.Count == 0)
        {
            return result;
        }

        var smaller = network with
        {
            Forward = network.Forward.Select(statement => statement is Instruction.Moment moment && random.Contains(moment.Result.Name)
                ? moment with { Body = Expr.WidthTo(network.Widths[0].Name, -Rational.Half) * moment.Body }
                : statement).ToValueList(),
        };
        var then = Analyze(TrainingProgram.Of(smaller, plan.Rule.Kind == UpdateKind.Gradient ? plan : plan with { Rule = UpdateRule.PlainGradient }), repair: false, size);
        var names = SizeText.List(random.Order(StringComparer.Ordinal).ToList());
        var moved = random.Select(name => then.ScaleOf(name)?.Change).Min();
        var text = then.Verdict!.Regime == Regime.Unstable
            ? $"divided by n instead of √n, {names} {(random.Count == 1 ? "starts" : "start")} at 0, and the network is still unstable: {then.Verdict.Reasons[0].Text}"
            : $"divided by n instead of √n, {names} {(random.Count == 1 ? "starts at 0 and moves" : "start at 0 and move")} by {SizeText.Of(moved)} in training: {then.Verdict.Text[..then.Verdict.Text.IndexOf(':', StringComparison.Ordinal)]}";
        var remedy = new Reason(random.Order(StringComparer.Ordinal).First(), null, names, Rational.Half, Phase.Initialisation, text);
        return result with { Verdict = verdict with { Reasons = [.. verdict.Reasons, remedy] } };
    }

    private static ScalingResult Analyze(Program program, bool repair, UpdateKind kind, Program? written, DepthSymbol? depth, Func<Analysis>? searched) =>
        new Analysis(program, kind, ReferenceEquals(written, program) ? null : written, depth).Result(repair, searched);

    /// <summary>
    /// What each Gaussian flips with: itself, and for vectors three flips of many at once: of all that aren't output weights, of all output weights, of all vectors. In a net of odd
    /// nonlinearities everything flips with one of these, when sums have mixed what flips with single sources.
    /// </summary>
    internal static Dictionary<string, SignClass> Sources(Program program)
    {
        var gaussians = program.Body.Instructions().OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind != ValueKind.Scalar).ToList();
        var outputs = program.Parameters.Where(parameter => parameter.Role == ParameterRole.Output).Select(parameter => parameter.Initial).ToHashSet(StringComparer.Ordinal);
        return gaussians.Select((gaussian, i) => (gaussian.Result, i)).ToDictionary(
            pair => pair.Result.Name,
            pair => pair.Result.Kind == ValueKind.Matrix
                ? SignClass.OfSource(pair.i)
                : SignClass.OfSource(pair.i) * SignClass.OfSource(gaussians.Count + (outputs.Contains(pair.Result.Name) ? 1 : 0)) * SignClass.OfSource(gaussians.Count + 2),
            StringComparer.Ordinal);
    }
}
