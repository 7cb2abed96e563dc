using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Emit;

public class EquationsLatexTests
{
    /// <summary>The snapshots of LaTeX, which are what the examples print.</summary>
    public static TheoryData<string> Examples()
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Programs"), "latex.verified.tex", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetFileName(Path.GetDirectoryName(file)!));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_is_what_TeX_accepts(string example) =>
        Assert.Null(Flaw(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Programs", example, "latex.verified.tex"))));

    [Theory]
    [InlineData("x^{a}^{2}", "second ^")]
    [InlineData("{x}_{a}_t", "second _")]
    [InlineData("x^{a}_{b}^{2}", "second ^")]
    [InlineData("{x^{a}", "brace")]
    [InlineData(@"\text{∂L}", "not ASCII")]
    [InlineData(@"\paragraph{weights W_in}", "_ in text")]
    public void What_TeX_refuses_is_noticed(string text, string flaw) => Assert.StartsWith(flaw, Flaw(text), StringComparison.Ordinal);

    [Theory]
    [InlineData(@"\left(x^{a}_{b}\right)^{2}")]
    [InlineData(@"{W^{2}}_{t}")]
    [InlineData(@"W^{2}{}^{\top}")]
    [InlineData(@"\mathit{norm2\_W1}_t")]
    public void What_TeX_accepts_passes(string text) => Assert.Null(Flaw(text));

    [Fact]
    public void Number_named_f2_is_not_printed_as_a_square()
    {
        var equations = new LimitEquations("names", [new("at step t", [new(Expr.Of("f2", "t"), Relation.Equal, Expr.Pow(Expr.Of("f1", "t"), 2))])]);
        Assert.Contains("f2_t = f1_t²", EquationsText.Write(equations), StringComparison.Ordinal);
        Assert.Contains(@"\mathit{f2}_t &= \mathit{f1}_t^{2}", EquationsLatex.Write(equations), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_a_program_are_not_taken_for_coefficients()
    {
        var (network, plan) = SampleNetworks.Mlp(1, "identity", SampleNetworks.Mup(1), 2, 2);
        var program = LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!;
        var text = ProgramPrinter.Print(program).Replace("x[", "A[", StringComparison.Ordinal).Replace("y[", "B[", StringComparison.Ordinal);
        var diagnostics = new TpCompiler.Diagnostics.DiagnosticBag();
        var renamed = ProgramReader.Read(new TpCompiler.Diagnostics.SourceText("renamed", text), diagnostics);
        Assert.Empty(diagnostics);
        var names = Deriver.Derive(renamed!).Sections.Single(section => section.Title.StartsWith("closed", StringComparison.Ordinal)).Equations
            .Select(equation => equation.Left).OfType<Expr.Reference>().Select(reference => reference.Name).Where(name => name.Length == 1 && name != "f").Distinct();
        Assert.Equal(["C", "D", "F", "G"], names.Order(StringComparer.Ordinal));
    }

    /// <summary>What is wrong with it: braces that don't match, a second sub- or superscript on one nucleus, a letter that needs more than amsmath.</summary>
    private static string? Flaw(string tex)
    {
        if (tex.Any(c => c > 127))
        {
            return "not ASCII: " + tex.First(c => c > 127);
        }

        foreach (var words in tex.Split('\n').Where(line => line.StartsWith(@"\paragraph", StringComparison.Ordinal)))
        {
            if (words.Replace(@"\_", string.Empty, StringComparison.Ordinal).Contains('_', StringComparison.Ordinal))
            {
                return "_ in text: " + words;
            }
        }

        // For each open brace, the scripts that its last nucleus has.
        var scripts = new Stack<string>([string.Empty]);
        for (var i = 0; i < tex.Length; i++)
        {
            switch (tex[i])
            {
                case '^' or '_' when scripts.Peek().Contains(tex[i], StringComparison.Ordinal):
                    return "second " + tex[i] + ": " + tex[Math.Max(0, i - 30)..i];
                case '^' or '_':
                    scripts.Push(scripts.Pop() + tex[i]);
                    if (i + 1 < tex.Length && tex[i + 1] != '{')
                    {
                        i++;
                    }
                    else
                    {
                        i++;
                        scripts.Push(string.Empty);
                    }

                    break;
                case '{':
                    scripts.Pop();
                    scripts.Push(string.Empty);
                    scripts.Push(string.Empty);
                    break;
                case '}':
                    scripts.Pop();
                    if (scripts.Count == 0)
                    {
                        return "brace without its partner";
                    }

                    break;
                case '\\':
                    scripts.Pop();
                    scripts.Push(string.Empty);
                    i += i + 1 < tex.Length && !char.IsAsciiLetter(tex[i + 1]) ? 1 : 0;
                    break;
                case '\'':
                    break;
                default:
                    scripts.Pop();
                    scripts.Push(string.Empty);
                    break;
            }
        }

        return scripts.Count == 1 ? null : "brace left open";
    }
}
