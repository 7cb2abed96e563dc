using System.Runtime.CompilerServices;

namespace TpCompiler.Tests.Repository;

/// <summary>The repository that these tests were built from.</summary>
internal static class Checkout
{
    public static readonly string Root = FindRoot();

    public static DirectoryInfo Folder(string path) => new(Path.Combine(Root, path));

    public static FileInfo File(string path) => new(Path.Combine(Root, path));

    /// <summary>The C# sources below a folder, without what the build and ANTLR write.</summary>
    public static IEnumerable<FileInfo> Sources(DirectoryInfo folder) => folder
        .EnumerateFiles("*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(folder.FullName, file.FullName).Split(Path.DirectorySeparatorChar)
            .Any(part => part is "obj" or "bin" or "Generated"))
        .OrderBy(file => file.FullName, StringComparer.Ordinal);

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
