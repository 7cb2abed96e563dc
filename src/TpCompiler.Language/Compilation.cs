using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Binding;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Language;

/// <summary>A file, read as far as its errors allow. Everything but tree and diagnostics is null when there is an error.</summary>
public sealed class Compilation
{
    private static readonly HashSet<string> StandsByItself =
    [
        .. new[]
        {
            Codes.UnknownName, Codes.UnknownFunction, Codes.DuplicateName, Codes.ShapeMismatch, Codes.WidthUsedAsFinite, Codes.FiniteUsedAsWidth, Codes.KindMismatch, Codes.WrongArgumentCount,
            Codes.InvalidDimension, Codes.UnknownParametrization, Codes.UnknownSetting, Codes.DuplicateSetting, Codes.SettingOutOfRange, Codes.UnknownLoss, Codes.UnknownOptimizer,
        }.Select(row => row.Code),
    ];

    private Program? forward;
    private Program? gradient;
    private string? depth;

    private Compilation(FileSyntax tree, DiagnosticBag diagnostics)
    {
        SyntaxTree = tree;
        Diagnostics = diagnostics;
    }

    public FileSyntax SyntaxTree { get; }

    public DiagnosticBag Diagnostics { get; }

    /// <summary>The level-1 program, when the file holds one.</summary>
    public Program? Program { get; private set; }

    /// <summary>What the file stands for: its program of instructions, its whole training, or its network run once.</summary>
    public Program? Whole => Program ?? TrainingProgram ?? ForwardProgram;

    public Network? Network { get; private set; }

    /// <summary>How the network is trained, when the file says so.</summary>
    public TrainingPlan? TrainingPlan { get; private set; }

    /// <summary>The network run once, at initialisation.</summary>
    public Program? ForwardProgram => Network is null ? null : forward ??= Ir.ForwardProgram.Of(Network);

    /// <summary>The whole training.</summary>
    public Program? TrainingProgram { get; private set; }

    /// <summary>The training by gradient descent, where the optimizer gives its updates a size of their own: what scaling reads; otherwise the same as <see cref="TrainingProgram"/>.</summary>
    public Program? GradientProgram => TrainingPlan is not { Rule.Kind: not UpdateKind.Gradient } plan || TrainingProgram is null ? TrainingProgram
        : gradient ??= Ir.TrainingProgram.Of(Network!, plan with { Rule = UpdateRule.PlainGradient });

    /// <summary>Whether the optimizer changes matrices entry by entry: their updates are no sums of factors, and there is no training program.</summary>
    public bool HasEntrywiseMatrices => TrainingPlan is { Rule.Kind: not UpdateKind.Gradient } && Network!.Parameters.Any(parameter => parameter is { Trained: true, Type.Kind: ValueKind.Matrix });

    /// <summary>The axes that loops of the network go up to: one of them may be a number of layers.</summary>
    public ValueList<string> LoopEnds { get; private set; } = [];

    /// <summary>Reads a file.</summary>
    /// <param name="source">The text.</param>
    /// <param name="depth">An axis of <see cref="LoopEnds"/> whose size stands in formulas as a power of n, a <see cref="DepthSymbol"/>: for the exponents of L, not to run.</param>
    public static Compilation Compile(SourceText source, string? depth = null)
    {
        var (tree, diagnostics, rest) = Parser.ParseWhatIsWhole(source);
        var compilation = new Compilation(tree, diagnostics) { depth = depth };
        if (!diagnostics.HasErrors)
        {
            compilation.Bind(source);
        }
        else if (rest is not null)
        {
            compilation.BindWhatIsWhole(source, rest);
        }

        return compilation;
    }

    /// <summary>The same network with other exponents c of its learning rates.</summary>
    /// <param name="rates">c by weight; weights that aren't named keep theirs.</param>
    public Compilation WithRates(IReadOnlyDictionary<string, Rational> rates)
    {
        var network = Network! with
        {
            Parameters = Network.Parameters.Select(parameter => parameter with { C = rates.TryGetValue(parameter.Name, out var c) ? c : parameter.C }).ToValueList(),
        };
        return new Compilation(SyntaxTree, Diagnostics) { Network = network, TrainingPlan = TrainingPlan, TrainingProgram = Ir.TrainingProgram.Of(network, TrainingPlan!) };
    }

    /// <summary>Of what the whole parts of a broken text mean, only the errors that stand whatever the broken parts are: names and values that are wrong where they are, nothing that may be missing.</summary>
    private void BindWhatIsWhole(SourceText source, Undamaged rest)
    {
        var whole = new Compilation(SyntaxTree, new DiagnosticBag(source));
        whole.Bind(source);
        foreach (var error in whole.Diagnostics.Where(error => StandsByItself.Contains(error.Code) && error.Location is { } place && rest.Understands(place.Span)))
        {
            Diagnostics.Add(error);
        }
    }

    private void Bind(SourceText source)
    {
        var block = new Block(source, Diagnostics, Functions(source)) { Depth = depth };
        var blocks = SyntaxTree.Declarations.Where(d => d is DeclarationSyntax.Program or DeclarationSyntax.Network).ToList();
        foreach (var second in blocks.Skip(1))
        {
            Diagnostics.Add(Codes.NotAvailable, second.Span, "a second program or network in one file");
        }

        switch (blocks)
        {
            case []:
                Diagnostics.Add(Codes.EmptyFile, new Span(0, 0), source.Name);
                break;
            case [DeclarationSyntax.Program program, ..]:
                foreach (var stray in SyntaxTree.Declarations.Where(d => d is DeclarationSyntax.Train or DeclarationSyntax.Step or DeclarationSyntax.Parametrization { ByRole: false }))
                {
                    Diagnostics.Add(Codes.NothingToTrain, stray.Span, "the file holds a program of instructions, without weights");
                }

                Program = BindProgram(block, program);
                break;
            case [DeclarationSyntax.Network network, ..]:
                (Network, TrainingPlan) = NetworkBinder.Bind(block, SyntaxTree, network);
                LoopEnds = Unrolling.Ends(network.Body).Where(name => block.FindAxis(name) is { Size: > 1 }).ToValueList();
                break;
        }

        if (Network is not null && depth is not null)
        {
            Network = Network with { Depth = new DepthSymbol(depth, Network.Parameters.Select(parameter => parameter.Name).Where(block.ReadInLayers.Contains).ToValueList()) };
        }

        if (Network is not null)
        {
            var made = TrainingPlan is null ? null : Ir.TrainingProgram.Of(Network, TrainingPlan, Diagnostics);
            TrainingProgram = Diagnostics.HasErrors ? null : made;
        }
    }

    private static Program? BindProgram(Block block, DeclarationSyntax.Program syntax)
    {
        var binder = new BlockBinder(block, isNetwork: false);
        binder.Declarations(syntax.Body);
        binder.Instructions();
        if (block.Diagnostics.HasErrors)
        {
            return null;
        }

        // Without a return: every scalar.
        var outputs = binder.Returned
            ? binder.Results.Select(r => ((Expr.Reference)r.Expr).Name)
            : block.Statements.OfType<Instruction>().Where(i => i.Result.Kind == ValueKind.Scalar && block.Names.ContainsKey(i.Result.Name)).Select(i => i.Result.Name);
        return new Program(syntax.Name.Text, block.Widths.ToValueList(), block.Axes.ToValueList(), [], block.Statements.ToValueList(), outputs.ToValueList());
    }

    /// <summary>The functions of the user; one may use those before it, so that none leads back to itself.</summary>
    private Dictionary<string, DeclarationSyntax.Function> Functions(SourceText source)
    {
        var functions = new Dictionary<string, DeclarationSyntax.Function>(StringComparer.Ordinal);
        foreach (var function in SyntaxTree.Declarations.OfType<DeclarationSyntax.Function>())
        {
            var called = function.Locals.SelectMany(local => Calls(local.Value)).Concat(Calls(function.Body)).ToList();
            if (called.Any(c => c.Text == function.Name.Text))
            {
                Diagnostics.Add(Codes.RecursiveDefinition, function.Name.Span, function.Name.Text);
            }
            else if (called.Find(c => !Nonlinearities.Contains(c.Text) && !functions.ContainsKey(c.Text) && !ExpressionBinder.BuiltIn.Contains(c.Text)) is { } unknown)
            {
                Diagnostics.Add(Diagnostic.Create(Codes.UnknownFunction, new Location(source, unknown.Span), unknown.Text).WithSpelling(unknown.Text, Nonlinearities.Names.Concat(functions.Keys)));
            }
            else if (Nonlinearities.Contains(function.Name.Text) || !functions.TryAdd(function.Name.Text, function))
            {
                Diagnostics.Add(Codes.DuplicateName, function.Name.Span, function.Name.Text);
            }
        }

        return functions;
    }

    private static IEnumerable<NameSyntax> Calls(ExpressionSyntax syntax) => syntax switch
    {
        ExpressionSyntax.Call c => c.Arguments.SelectMany(a => Calls(a.Value)).Prepend(c.Function),
        ExpressionSyntax.Negate n => Calls(n.Operand),
        ExpressionSyntax.Transpose t => Calls(t.Operand),
        ExpressionSyntax.Power p => Calls(p.Base).Concat(Calls(p.Exponent)),
        ExpressionSyntax.Sum s => s.Terms.SelectMany(t => Calls(t.Term)),
        ExpressionSyntax.Product p => p.Factors.SelectMany(f => Calls(f.Factor)),
        ExpressionSyntax.Comparison c => Calls(c.Left).Concat(Calls(c.Right)),
        ExpressionSyntax.Name n => n.Indices.SelectMany(Calls),
        _ => [],
    };
}
