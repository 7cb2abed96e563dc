using System.CommandLine;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Language;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc compile FILE [--emit STAGE] [-o OUT]</c>.</summary>
internal sealed class CompileCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    private readonly Option<string?> emit = new("--emit")
    {
        Description = "What to print: " + string.Join(", ", Emitters.All.Select(emitter => emitter.Name)),
        HelpName = "STAGE",
    };

    private readonly Option<string?> output = new("--output", "-o") { Description = "Write to this file in place of standard output", HelpName = "OUT" };

    public CompileCommand(CommonOptions common)
        : base("compile", "Read a program: verdict, derived scales and the equations of its limit")
    {
        Arguments.Add(file);
        Options.Add(emit);
        Options.Add(output);
        SetAction(parsed => Execute(parsed.GetValue(file)!, parsed.GetValue(emit), parsed.GetValue(output), common.Reporter(parsed)));
    }

    private static int Execute(string path, string? stage, string? output, Reporter reporter)
    {
        DiagnosticBag diagnostics = new();
        Emitter? emitter = Emitters.Find(stage ?? (reporter.Format == OutputFormat.Json ? "json" : "report"));
        if (emitter is null)
        {
            diagnostics.Add(Diagnostic.Create(Codes.UnknownStage, null, stage!).WithSpelling(stage!, Emitters.All.Select(row => row.Name)));
            return reporter.Report(diagnostics);
        }

        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return reporter.Report(diagnostics);
        }

        Compilation compilation = Compilation.Compile(source);
        Derivation? derivation = DerivationPipeline.Of(compilation, source);
        if (derivation is not null)
        {
            Emit(derivation, emitter, output, reporter, compilation.Diagnostics);
        }

        return reporter.Report(compilation.Diagnostics);
    }

    private static void Emit(Derivation derivation, Emitter emitter, string? output, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (emitter.Write(derivation) is not { } text)
        {
            diagnostics.Add(Codes.NoLimit, null, $"`{derivation.Source.Name}`", derivation.NoEquations ?? "the program has no such stage");
        }
        else if (output is null)
        {
            reporter.Result(text);
        }
        else
        {
            try
            {
                File.WriteAllText(output, text);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                diagnostics.Add(Codes.FileNotWritable, null, output, failure.Message);
            }
        }
    }
}
