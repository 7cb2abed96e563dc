using TpCompiler.Diagnostics;
using TpCompiler.Language.Syntax;

namespace TpCompiler.Language.Prelude;

/// <summary>The part of the language that is written in the language: named parametrizations and optimizers.</summary>
public static class PreludeFiles
{
    private static readonly Lazy<IReadOnlyList<(SourceText Source, FileSyntax Tree)>> Parsed = new(
        () => [Read("parametrizations.tp"), Read("optimizers.tp")]);

    public static IReadOnlyList<(SourceText Source, FileSyntax Tree)> All => Parsed.Value;

    public static IEnumerable<DeclarationSyntax.Parametrization> Parametrizations => All.SelectMany(f => f.Tree.Declarations).OfType<DeclarationSyntax.Parametrization>();

    public static IEnumerable<DeclarationSyntax.Optimizer> Optimizers => All.SelectMany(f => f.Tree.Declarations).OfType<DeclarationSyntax.Optimizer>();

    private static (SourceText Source, FileSyntax Tree) Read(string name)
    {
        using var reader = new StreamReader(typeof(PreludeFiles).Assembly.GetManifestResourceStream(name)!);
        var source = new SourceText($"<prelude>/{name}", reader.ReadToEnd().ReplaceLineEndings("\n"));
        var (tree, diagnostics) = Parser.Parse(source);
        return diagnostics.HasErrors ? throw new InvalidDataException(string.Join('\n', diagnostics)) : (source, tree);
    }
}
