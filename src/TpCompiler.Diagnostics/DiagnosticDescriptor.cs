using System.Globalization;

namespace TpCompiler.Diagnostics;

/// <summary>A row of the table <see cref="Codes"/>: one kind of diagnostic.</summary>
/// <param name="Code">Stable, never reused: <c>TP0201</c>.</param>
/// <param name="Name">The same in kebab case: <c>unknown-name</c>.</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="Title">What went wrong, without particulars; the heading of the page.</param>
/// <param name="MessageFormat">The message; <c>{0}</c>, <c>{1}</c>, … are its arguments.</param>
public sealed record DiagnosticDescriptor(string Code, string Name, Severity Severity, string Title, string MessageFormat)
{
    /// <summary>What it means, a failing example and the fix, in Markdown: the file <c>Pages/CODE.md</c>.</summary>
    public string Page => Pages.Read(Code);

    /// <summary>The message with its arguments in place, whatever the machine's culture.</summary>
    public string Format(params object[] arguments) =>
        arguments.Length == 0 ? MessageFormat : string.Format(CultureInfo.InvariantCulture, MessageFormat, arguments);
}
