using System.Text.Json;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Diagnostics;

public sealed class RendererTests
{
    private const string Program = "network mlp(x : [d]) {\n  width n\n  x1 = rlu(W1 * x)\n  x1 = tanh(x1)\n}\n";

    [Fact]
    public Task A_diagnostic_shows_its_line_with_carets_its_relations_notes_and_ways_out()
    {
        SourceText source = new("mlp.tp", Program);
        DiagnosticBag diagnostics = new(source);
        Location first = At(source, "x1 =");
        diagnostics.Add(Diagnostic.Create(Codes.DuplicateName, new Location(source, new Span(Program.LastIndexOf("x1 =", StringComparison.Ordinal), 2)), "x1")
            .WithRelated(first with { Span = new Span(first.Span.Start, 2) }, "`x1` is first defined here")
            .WithNote("a name means one thing in its block"));
        diagnostics.Add(Diagnostic.Create(Codes.UnknownFunction, At(source, "rlu"), "rlu").WithSpelling("rlu", ["relu", "tanh"]));
        diagnostics.Add(Codes.UnusedName, At(source, "x : [d]").Span, "x");
        diagnostics.Add(Codes.FileNotWritable, null, "out.txt", "disk full");
        return Verifier.Verify(Text(diagnostics));
    }

    [Fact]
    public Task Carets_stand_below_tabs_wide_and_combining_characters()
    {
        SourceText source = new("unicode.tp", "\tφ = tanh(ψ)\n名前 = rlu(x)\ne\u0301 = rlu(x)\n😀 = rlu(x)\na\tb\tc rlu(x)");
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Codes.UnknownName, At(source, "ψ"), "ψ");
        for (int i = source.Text.IndexOf("rlu", StringComparison.Ordinal); i >= 0; i = source.Text.IndexOf("rlu", i + 1, StringComparison.Ordinal))
        {
            diagnostics.Add(Codes.UnknownFunction, new Span(i, 3), "rlu");
        }

        return Verifier.Verify(Text(diagnostics));
    }

    [Fact]
    public Task A_place_at_the_end_of_a_line_or_of_the_file_has_its_caret_and_a_long_range_ends_with_its_line()
    {
        SourceText source = new("ends.tp", "width\nprogram p {\n  y = x\n");
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Codes.UnexpectedToken, new Span(5, 0), "a name", "the end of the line");
        diagnostics.Add(Codes.UnclosedBracket, new Span(16, 9), "{");
        diagnostics.Add(Codes.UnexpectedEnd, new Span(source.Text.Length, 0), "`}`");
        return Verifier.Verify(Text(diagnostics));
    }

    [Fact]
    public Task A_long_line_is_cut_around_the_place()
    {
        string line = string.Concat(Enumerable.Range(0, 200).Select(i => $"x{i} + "));
        SourceText source = new("long.tp", line);
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Codes.UnknownName, At(source, "x0"), "x0");
        diagnostics.Add(Codes.UnknownName, At(source, "x100"), "x100");
        diagnostics.Add(Codes.UnknownName, At(source, "x199"), "x199");
        diagnostics.Add(Codes.NestingTooDeep, new Span(0, line.Length), 500);
        return Verifier.Verify(Text(diagnostics));
    }

    [Fact]
    public void Text_that_steers_a_terminal_is_shown_and_not_obeyed()
    {
        SourceText source = new("evil\u001b[2J.tp", "x = \u001b[31m\u202Ey\u0007\n");
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Codes.UnknownName, new Span(4, 3), "\u001b[31m\n");

        Assert.All(Text(diagnostics), c => Assert.True(c == '\n' || (!char.IsControl(c) && c != '\u202E')));
    }

    [Fact]
    public void Colour_adds_escapes_and_changes_no_letter()
    {
        SourceText source = new("mlp.tp", Program);
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Codes.UnknownFunction, At(source, "rlu"), "rlu");
        using StringWriter colored = new();

        new TextRenderer(colored, color: true).Render(diagnostics);

        Assert.NotEqual(Text(diagnostics), colored.ToString());
        Assert.Equal(Text(diagnostics), System.Text.RegularExpressions.Regex.Replace(colored.ToString(), "\u001b\\[[0-9;]*m", ""));
    }

    [Fact]
    public Task The_json_form_has_every_field()
    {
        SourceText source = new("mlp.tp", Program);
        DiagnosticBag diagnostics = new(source);
        diagnostics.Add(Diagnostic.Create(Codes.UnknownFunction, At(source, "rlu"), "rlu")
            .WithSpelling("rlu", ["relu"])
            .WithNote("`φ` is \"quoted\"")
            .WithRelated(At(source, "width n"), "the width"));
        diagnostics.Add(Codes.EmptyFile, null, "mlp.tp");
        return Verifier.Verify(JsonRenderer.Render(diagnostics), "json");
    }

    [Fact]
    public void The_json_form_is_json_whatever_the_text_holds()
    {
        DiagnosticBag diagnostics = new(new SourceText("\ud800", "\0\ud83d"));
        diagnostics.Add(Codes.UnknownName, new Span(0, 2), "\ud800\u0001");

        using JsonDocument document = JsonDocument.Parse(JsonRenderer.Render(diagnostics));

        Assert.Equal("TP0201", document.RootElement[0].GetProperty("code").GetString());
    }

    [Fact]
    public void A_full_bag_counts_what_it_does_not_keep()
    {
        SourceText source = new("a.tp", "x");
        DiagnosticBag diagnostics = new(source);
        for (int i = 0; i < DiagnosticBag.Capacity + 5; i++)
        {
            diagnostics.Add(Codes.UnusedName, new Span(0, 1), "x");
        }

        diagnostics.Add(Codes.UnknownName, new Span(0, 1), "x");

        Assert.Equal((DiagnosticBag.Capacity, 6, true), (diagnostics.Count, diagnostics.Omitted, diagnostics.HasErrors));
        Assert.Contains("100 warnings and 6 more that are not shown", Text(diagnostics), StringComparison.Ordinal);
    }

    [Fact]
    public void Diagnostics_come_in_the_order_of_the_text_and_of_arrival_within_a_place()
    {
        DiagnosticBag diagnostics = new(new SourceText("a.tp", "x y z"));
        diagnostics.Add(Codes.UnknownName, new Span(4, 1), "z");
        diagnostics.Add(Codes.UnknownName, new Span(0, 1), "x");
        diagnostics.Add(Codes.EmptyFile, null, "a.tp");
        diagnostics.Add(Codes.DuplicateName, new Span(0, 1), "x");

        Assert.Equal(["TP0006", "TP0201", "TP0202", "TP0201"], diagnostics.Select(d => d.Code));
    }

    private static Location At(SourceText source, string text) =>
        new(source, new Span(source.Text.IndexOf(text, StringComparison.Ordinal), text.Length));

    private static string Text(DiagnosticBag diagnostics)
    {
        using StringWriter writer = new();
        new TextRenderer(writer).Render(diagnostics);
        return writer.ToString();
    }
}
