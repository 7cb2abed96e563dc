using System.IO.Compression;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli.Data;

/// <summary>The expected numbers come from a PNG decoder of a few lines in another language, and exact fractions of pixels.</summary>
public sealed class ImageFolderTests : IDisposable
{
    private const int Side = 28;

    private readonly string directory = Directory.CreateTempSubdirectory("tpc-images").FullName;

    private static string Drawings => Checkout.Folder("examples/omniglot").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_folder_of_drawings_is_a_class_and_samples_go_round_the_classes_in_the_order_of_their_paths()
    {
        Samples samples = Read(Drawings, new Needs(null, 1, 5))!;

        Assert.Equal((20, Side * Side, 1), (samples.Count, samples.InputSize, samples.TargetSize));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (double)(i % 5)), samples.Targets);
    }

    [Fact]
    public void Drawings_shrink_by_triangles_about_the_centres_of_the_new_pixels()
    {
        Samples samples = Read(Drawings, new Needs(null, 1, 5))!;

        Assert.Equal(627.0 / 1808, samples.Inputs[(7 * Side) + 9], 1e-12);
        Assert.Equal(9955.0 / 12544, samples.Inputs[(7 * Side) + 16], 1e-12);
        Assert.Equal(13.0 / 28, samples.Inputs[(10 * Side) + 8], 1e-12);
        Assert.Equal(58.44488145092107, samples.Inputs.Take(Side * Side).Sum(), 1e-12);
    }

    [Fact]
    public void The_network_chooses_the_size_of_the_drawings()
    {
        Samples samples = Read(Drawings, new Needs(105 * 105, 1, 5))!;

        Assert.Equal(822, samples.Inputs.Take(105 * 105).Sum(), 1e-9);
        Assert.All(samples.Inputs, ink => Assert.True(ink is 0 or 1));
    }

    [Fact]
    public void A_zip_archive_and_a_folder_in_it_read_like_the_unpacked_folder()
    {
        string archive = Path.Combine(directory, "images.zip");
        ZipFile.CreateFromDirectory(Drawings, archive);
        Samples unpacked = Read(Drawings, new Needs(null, 1, 5))!;

        Assert.Equal(unpacked.Inputs, Read(archive, new Needs(null, 1, 5))!.Inputs);
        Assert.Equal(
            unpacked.Inputs.Chunk(Side * Side).Where((_, i) => i % 5 == 0).SelectMany(drawing => drawing),
            Read(Path.Combine(archive, "images_background/Greek/character01"), new Needs(null, 1, 1))!.Inputs);
    }

    [Fact]
    public void What_is_wrong_with_drawings_has_its_code()
    {
        Directory.CreateDirectory(Path.Combine(directory, "damaged", "character01"));
        byte[] drawing = File.ReadAllBytes(Path.Combine(Drawings, "images_background/Greek/character01/0394_01.png"));
        File.WriteAllBytes(Path.Combine(directory, "damaged", "character01", "cut.png"), drawing[..60]);
        File.WriteAllText(Path.Combine(directory, "damaged", "character01", "text.png"), "no image");
        File.WriteAllText(Path.Combine(directory, "table.csv"), "1,2");
        Directory.CreateDirectory(Path.Combine(directory, "empty"));

        Assert.Equal(["TP0605", "TP0605"], Codes(Path.Combine(directory, "damaged"), new Needs(null, 1, 1)));
        Assert.Equal(["TP0604"], Codes(Path.Combine(directory, "empty"), new Needs(null, 1, 5)));
        Assert.Equal(["TP0601"], Codes(Path.Combine(directory, "missing"), new Needs(null, 1, 5)));
        Assert.Equal(["TP0002"], Codes(Path.Combine(directory, "table.csv"), new Needs(null, 1, 5)));
        Assert.Equal(["TP0603"], Codes(Drawings, new Needs(null, 1, 7)));
        Assert.Equal(["TP0603"], Codes(Drawings, new Needs(700, 1, 5)));
    }

    [Fact]
    public void A_relative_path_starts_at_the_program()
    {
        DiagnosticBag diagnostics = new();
        string program = Path.Combine(Drawings, "..", "omniglot.tp");

        Assert.NotNull(DataReader.Read(new DataSource("images", "omniglot/images_background"), program, new Needs(null, 1, 5), diagnostics));
    }

    private static Samples? Read(string path, Needs needs) =>
        DataReader.Read(new DataSource("images", path), "program.tp", needs, new DiagnosticBag());

    private static IEnumerable<string> Codes(string path, Needs needs)
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(DataReader.Read(new DataSource("images", path), "program.tp", needs, diagnostics));
        return diagnostics.Select(diagnostic => diagnostic.Code);
    }
}
