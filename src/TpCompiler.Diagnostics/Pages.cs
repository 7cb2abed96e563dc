using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>The explanation pages, embedded in this assembly under their codes.</summary>
internal static class Pages
{
    /// <summary>The page of a code, or the empty text when nobody wrote one (a test sees to it that every code has one).</summary>
    public static string Read(string code)
    {
        using Stream? stream = typeof(Pages).Assembly.GetManifestResourceStream(code);
        if (stream is null)
        {
            return "";
        }

        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
