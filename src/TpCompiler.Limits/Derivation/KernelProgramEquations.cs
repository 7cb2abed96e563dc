using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// The kernel regime's equations for any architecture: the Master Theorem's equations of the forward pass and of the backward pass of f for each sample by itself, the kernels being moments of the two
/// (arXiv 2006.14548), and kernel gradient descent.
/// </summary>
public sealed class KernelProgramEquations
{
    private readonly Network network;
    private readonly KernelProgram kernel;
    private readonly Dictionary<string, int> phases = new(StringComparer.Ordinal);

    private KernelProgramEquations(Network network, KernelProgram kernel)
    {
        (this.network, this.kernel) = (network, kernel);
        foreach (var name in kernel.Backward)
        {
            phases[name] = 1;
        }

        foreach (var name in kernel.Products)
        {
            phases[name] = 2;
        }
    }

    /// <summary>The equations.</summary>
    /// <param name="network">The network.</param>
    /// <param name="kernel">Its kernels as a program.</param>
    /// <param name="limit">The limit of that program.</param>
    /// <param name="startsAtZero">Whether f starts at 0, and so has no covariance.</param>
    /// <param name="plan">How the network is trained.</param>
    public static LimitEquations Derive(Network network, KernelProgram kernel, Program limit, bool startsAtZero, TrainingPlan? plan) =>
        new KernelProgramEquations(network, kernel).Derive(Deriver.Derive(limit), startsAtZero, plan);

    private LimitEquations Derive(LimitEquations whole, bool startsAtZero, TrainingPlan? plan)
    {
        List<Equation>[] passes = [[], [], []];
        var sections = new List<EquationSection>();
        foreach (var section in whole.Sections)
        {
            if (section.Title != Deriver.Limit)
            {
                sections.Add(section);
                continue;
            }

            var phase = 0;
            foreach (var equation in section.Equations)
            {
                if (equation.Left is Expr.Reference left && LimitSymbol.Of(left.Name) is { Kind: SymbolKind.Z or SymbolKind.Scalar } symbol)
                {
                    phase = phases.GetValueOrDefault(symbol.First);
                }

                passes[phase].Add(equation);
            }

            sections.Add(new("forward pass", passes[0].ToValueList()));
            sections.Add(new("backward pass of each sample's f", passes[1].ToValueList()));
        }

        var covariances = kernel.Pairs.Select(pair => pair.Covariance).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var kernels = WithoutInnerProducts(passes[2]).Where(equation => !startsAtZero || !covariances.Contains(NameOf(equation))).ToList();
        sections.Add(new(startsAtZero ? "f starts at 0; its tangent kernel Θ" : "f at initialisation: a Gaussian process with covariance K; its tangent kernel Θ", kernels.ToValueList()));
        if (plan is not null)
        {
            sections.Add(KernelDescent.Section(network, plan, KernelProgram.Sample, Outputs()));
        }

        return new LimitEquations(network.Name, sections.Where(section => section.Equations.Count > 0 || section.Title.StartsWith(KernelDescent.Title, StringComparison.Ordinal)).ToValueList());
    }

    /// <summary>Each output with the axes along which it has independent copies; null where positions of one have kernels with one another, or outputs that have copies.</summary>
    private List<DescentOutput>? Outputs()
    {
        List<DescentOutput> outputs = [.. kernel.Heads.Select((head, i) => new DescentOutput(head.Output, AxesOf(head), [.. kernel.Pairs.Where(pair => pair.First == i).OrderBy(pair => pair.Second != i).Select(pair => (pair.Tangent, kernel.Heads[pair.Second].Output))]))];
        return kernel.Heads.Any(head => head.Axes.Count > 0) || outputs.Any(output => output.Partners.Count > 1 && output.Axes.Count > 0) ? null : outputs;
    }

    private ValueList<IndexBinder> AxesOf(KernelHead head) =>
        [.. network.Forward.Definitions().First(definition => definition.Name == head.Output).Indices.Where(binder => binder.Axis != network.BatchAxis)];

    private static string NameOf(Equation equation) => ((Expr.Reference)equation.Left).Name;

    /// <summary>The kernels with the expectations written where they stand, not by names of their own.</summary>
    private IEnumerable<Equation> WithoutInnerProducts(List<Equation> equations)
    {
        var means = equations.Where(equation => equation.Right is Expr.Expectation && !NameOf(equation).StartsWith("theta", StringComparison.Ordinal) && !IsKernel(equation)).ToDictionary(NameOf, StringComparer.Ordinal);
        return equations.Where(equation => !means.ContainsKey(NameOf(equation))).Select(equation => equation with { Right = equation.Right.SubstituteReferences(Mean) });

        bool IsKernel(Equation equation) => kernel.Pairs.Any(pair => pair.Tangent == NameOf(equation) || pair.Covariance == NameOf(equation));

        Expr Mean(Expr.Reference reference) => means.TryGetValue(reference.Name, out var mean)
            ? mean.Right.ReplaceIndices(((Expr.Reference)mean.Left).Indices.Zip(reference.Indices).ToDictionary(pair => ((Index.Variable)pair.First).Name, pair => pair.Second, StringComparer.Ordinal))
            : reference;
    }
}
