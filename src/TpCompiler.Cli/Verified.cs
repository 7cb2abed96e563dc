using TpCompiler.Diagnostics;
using TpCompiler.Ir;

namespace TpCompiler.Cli;

/// <summary>Holds what a pass made against the rules of the IR. A failure is a fault of tpc, and is said as one before anything is printed or run on top of it.</summary>
internal static class Verified
{
    /// <summary>Whether the program is well formed; what isn't goes to <paramref name="diagnostics"/>.</summary>
    /// <param name="program">What the pass made; null when it made nothing.</param>
    /// <param name="pass">What it is called.</param>
    /// <param name="source">The text that origins point into.</param>
    /// <param name="diagnostics">Where failures go.</param>
    public static bool Holds(Program? program, string pass, SourceText source, DiagnosticBag diagnostics)
    {
        if (program is null)
        {
            return true;
        }

        DiagnosticBag found = ProgramVerifier.Verify(program, pass, source);
        diagnostics.AddRange(found);
        return !found.HasErrors;
    }
}
