using Antlr4.Runtime;
using Antlr4.Runtime.Tree;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;
using G = TpCompiler.Language.Generated.TensorProgramParser;

namespace TpCompiler.Language.Syntax;

/// <summary>
/// What is left of a file with syntax errors: its whole statements, settings and declarations. What the broken parts meant is not known, so neither is anything that depends on a name which they may
/// define: a complaint about the rest counts only where no such name is near.
/// </summary>
internal sealed class Undamaged
{
    private readonly Offsets offsets;
    private readonly List<(Span Span, HashSet<string> Words, string? Defines)> units = [];
    private readonly HashSet<string> unknown = new(StringComparer.Ordinal);

    private readonly IReadOnlySet<int> mendedLines;

    private Undamaged(IReadOnlySet<int> mendedLines, Offsets offsets) => (this.mendedLines, this.offsets) = (mendedLines, offsets);

    /// <summary>Takes what is broken out of ANTLR's tree.</summary>
    /// <param name="file">The tree.</param>
    /// <param name="tokens">What it was made of.</param>
    /// <param name="mendedLines">Lines whose brackets were put in pairs: nothing on them is whole.</param>
    /// <param name="offsets">Places of tokens.</param>
    public static Undamaged Prune(G.FileContext file, IList<IToken> tokens, IReadOnlySet<int> mendedLines, Offsets offsets)
    {
        var rest = new Undamaged(mendedLines, offsets);
        rest.Visit(file);
        foreach (var declaration in file.declaration().Where(declaration => !rest.IsWhole(declaration)))
        {
            file.children.Remove(declaration);
        }

        var kept = Leaves(file).Where(leaf => leaf is not IErrorNode).Select(leaf => leaf.Symbol.TokenIndex).ToHashSet();
        foreach (var cut in Parts(file).Concat(file.declaration()).Reverse().Where(part => GoesOn(part, tokens, kept)).ToList())
        {
            ((ParserRuleContext)cut.Parent).children.Remove(cut);
            kept.ExceptWith(Leaves(cut).Select(leaf => leaf.Symbol.TokenIndex));
        }

        foreach (var cut in Parts(file).Where(part => part is G.SettingContext && Continues(part, tokens, kept)).ToList())
        {
            ((ParserRuleContext)cut.Parent).children.Remove(cut);
            kept.ExceptWith(Leaves(cut).Select(leaf => leaf.Symbol.TokenIndex));
        }

        rest.Taint(file, [.. tokens.Where(token => token.Type == G.NAME && !kept.Contains(token.TokenIndex))]);
        return rest;
    }

    private static IEnumerable<ParserRuleContext> Parts(IParseTree tree) =>
        Enumerable.Range(0, tree.ChildCount).SelectMany(i => Parts(tree.GetChild(i))).Concat(tree is G.StatementContext or G.SettingContext ? [(ParserRuleContext)tree] : []);

    /// <summary>Whether what can't be read follows on the same line: in <c>return V .. x</c> it is no whole statement that returns V, <c>function f(u) = u .. 2</c> no whole function.</summary>
    private static bool GoesOn(ParserRuleContext part, IList<IToken> tokens, HashSet<int> kept) =>
        tokens.Skip(part.Stop.TokenIndex + 1).FirstOrDefault(token => token.Channel == TokenConstants.DefaultChannel) is { } next && next.Line == part.Stop.Line && !kept.Contains(next.TokenIndex);

    /// <summary>Whether what can't be read stands before it on the same line: in <c>data = images "x"</c>, <c>images "x"</c> is no setting.</summary>
    private static bool Continues(ParserRuleContext part, IList<IToken> tokens, HashSet<int> kept) =>
        tokens.Take(part.Start.TokenIndex).LastOrDefault(token => token.Channel == TokenConstants.DefaultChannel) is { } before && before.Line == part.Start.Line && !kept.Contains(before.TokenIndex);

    /// <summary>Whether a place stands in a whole part of the text that depends on nothing broken.</summary>
    public bool Understands(Span place) =>
        units.Where(unit => unit.Span.Start <= place.Start && place.End <= unit.Span.End).OrderBy(unit => unit.Span.Length).Select(unit => !unit.Words.Overlaps(unknown)).FirstOrDefault();

    /// <summary>Inner parts first: a loop with a broken statement is whole without it.</summary>
    private void Visit(IParseTree tree)
    {
        for (var i = tree.ChildCount - 1; i >= 0; i--)
        {
            Visit(tree.GetChild(i));
        }

        if (tree is ParserRuleContext { Parent: ParserRuleContext parent } part and (G.StatementContext or G.SettingContext) && !IsWhole(part))
        {
            parent.children.Remove(part);
        }
        else if (tree is G.ProgramContext or G.NetworkContext or G.TrainContext or G.LoopContext)
        {
            // What can't be read between statements is no part of any of them.
            var block = (ParserRuleContext)tree;
            var open = block.children.ToList().FindIndex(child => child is not IErrorNode && child.GetText() == "{");
            if (open >= 0)
            {
                block.children = [.. block.children.Where((child, i) => i <= open || child is not IErrorNode)];
                block.exception = null;
            }
        }
    }

    private bool IsWhole(IParseTree tree) =>
        tree is not IErrorNode && !(tree is ITerminalNode leaf && mendedLines.Contains(leaf.Symbol.Line)) && tree is not ParserRuleContext { exception: not null }
        && Enumerable.Range(0, tree.ChildCount).All(i => IsWhole(tree.GetChild(i)));

    private static IEnumerable<ITerminalNode> Leaves(IParseTree tree) => tree is ITerminalNode leaf ? [leaf] : Enumerable.Range(0, tree.ChildCount).SelectMany(i => Leaves(tree.GetChild(i)));

    /// <summary>Names in broken parts that no whole part defines, and what is defined by them.</summary>
    private void Taint(G.FileContext file, List<IToken> broken)
    {
        AddUnits(file);
        unknown.UnionWith(broken.Select(token => token.Text).Where(word => !Nonlinearities.Contains(word)));
        unknown.ExceptWith(units.Select(unit => unit.Defines).OfType<string>());
        unknown.ExceptWith(file.declaration().Select(declaration => declaration.network()).OfType<G.NetworkContext>().SelectMany(network => network.input()).SelectMany(NamesOf));

        // The first name of a line may be defined there, and by whole statements only in part: W[1] and W[l].
        unknown.UnionWith(broken.GroupBy(token => token.Line).Select(line => line.First().Text));
        while (units.Where(unit => unit.Words.Overlaps(unknown)).Select(unit => unit.Defines).OfType<string>().Count(unknown.Add) > 0)
        {
            // Each turn takes in what depends on the names of the one before.
        }
    }

    private void AddUnits(IParseTree tree)
    {
        // A loop, like a declaration, is as known as what stands in it.
        if (tree is G.StatementContext or G.SettingContext or G.DeclarationContext)
        {
            var names = NamesOf(tree).ToList();
            units.Add((offsets.Of((ParserRuleContext)tree), names.SelectMany(name => new[] { name, Stem(name) }).ToHashSet(StringComparer.Ordinal), Defines(tree.GetChild(0)) ? names.FirstOrDefault() : null));
        }

        for (var i = 0; i < tree.ChildCount; i++)
        {
            AddUnits(tree.GetChild(i));
        }
    }

    /// <summary>Whether the first name is one that others may use from here on.</summary>
    private static bool Defines(IParseTree part) => part switch
    {
        G.WidthContext or G.AxisContext or G.RandomContext or G.WeightContext or G.AssignmentContext or G.LoopContext or G.FunctionContext or G.OptimizerContext => true,
        G.ParametrizationContext parametrization => Leaves(parametrization).Any(leaf => leaf.GetText() == "role"),
        _ => false,
    };

    /// <summary>W of W2, which <c>weight W[l]</c> in a broken loop may define.</summary>
    private static string Stem(string name) => name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') is { Length: > 0 } stem ? stem : name;

    private static IEnumerable<string> NamesOf(IParseTree tree) => Leaves(tree).Where(leaf => leaf.Symbol.Type == G.NAME).Select(leaf => leaf.GetText());
}
