using System.Xml.Linq;

namespace TpCompiler.Tests.Repository;

/// <summary>Arrows between assemblies point one way: ARCHITECTURE.md. The project files are read as they are.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Sees = new()
    {
        ["Diagnostics"] = [],
        ["Symbolics"] = [],
        ["Ir"] = ["Diagnostics", "Symbolics"],
        ["Language"] = ["Diagnostics", "Symbolics", "Ir"],
        ["Limits"] = ["Diagnostics", "Symbolics", "Ir"],
        ["Emit"] = ["Diagnostics", "Symbolics", "Ir", "Limits"],
        ["Numerics"] = ["Diagnostics", "Symbolics", "Ir", "Limits"],
        ["Cli"] = ["Diagnostics", "Symbolics", "Ir", "Language", "Limits", "Emit", "Numerics"],
    };

    public static TheoryData<string> Assemblies => [.. Sees.Keys];

    [Fact]
    public void The_assemblies_are_the_ones_of_the_architecture()
    {
        IEnumerable<string> folders = Checkout.Folder("src").EnumerateDirectories().Select(d => d.Name).Order(StringComparer.Ordinal);

        Assert.Equal(Sees.Keys.Select(name => $"TpCompiler.{name}").Order(StringComparer.Ordinal), folders);
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void An_assembly_refers_only_to_what_it_may_see(string assembly)
    {
        XDocument project = XDocument.Load(Checkout.File($"src/TpCompiler.{assembly}/TpCompiler.{assembly}.csproj").FullName);

        string[] referred = [.. project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value).Replace("TpCompiler.", ""))];

        Assert.Empty(referred.Except(Sees[assembly]));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void A_file_lies_in_the_folder_of_its_namespace(string assembly)
    {
        DirectoryInfo folder = Checkout.Folder($"src/TpCompiler.{assembly}");
        foreach (FileInfo file in Checkout.Sources(folder))
        {
            string? declared = File.ReadLines(file.FullName).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            if (declared is null)
            {
                // Assembly attributes and top-level statements have none.
                continue;
            }

            string path = Path.GetRelativePath(folder.FullName, file.DirectoryName!);
            string expected = path == "." ? $"TpCompiler.{assembly}" : $"TpCompiler.{assembly}.{path.Replace(Path.DirectorySeparatorChar, '.')}";
            Assert.True(declared == $"namespace {expected};", $"{file.FullName} declares {declared}");
        }
    }
}
