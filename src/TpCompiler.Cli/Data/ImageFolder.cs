using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Data;

/// <summary>
/// Drawings, a folder for each class as in the official Omniglot archives (<c>images_background/ALPHABET/characterNN/NNNN_MM.png</c>), unpacked or in a zip
/// file (a path may go on inside it). Classes are the folders in ordinal order of their paths. The first drawing of each class comes first, then the second of each, so
/// that a batch taken in order holds all classes alike. A pixel becomes its ink: 0 where the paper is white, 1 where it is black; drawings of another size are
/// resized by <see cref="Resampling"/>.
/// </summary>
internal static class ImageFolder
{
    /// <summary>The side to which drawings are resized when the network leaves its input's size to the data.</summary>
    private const int DefaultSide = 28;

    public static Samples? Read(string path, Needs needs, Location? origin, DiagnosticBag diagnostics)
    {
        int side = needs.InputSize is { } size ? (int)Math.Round(Math.Sqrt(size)) : DefaultSide;
        if (needs.InputSize is { } d && side * side != d)
        {
            diagnostics.Add(Codes.DataShapeMismatch, origin, "a drawing", "the same height and width", $"{d} numbers, which is no square");
            return null;
        }

        List<(string Name, byte[] Bytes)> files =
        [
            .. Drawings.FilesOf(path)
                .OrderBy(file => file.Name, StringComparer.Ordinal)
                .GroupBy(file => FolderOf(file.Name))
                .SelectMany(folder => folder.Select((file, number) => (file, number)))
                .OrderBy(drawing => drawing.number)
                .Select(drawing => drawing.file),
        ];
        string[] classes = [.. files.Select(file => FolderOf(file.Name)).Distinct().Order(StringComparer.Ordinal)];
        if (files.Count == 0)
        {
            diagnostics.Add(Codes.EmptyData, origin, path);
            return null;
        }

        if (needs.Classes is { } k && k != classes.Length)
        {
            diagnostics.Add(Codes.DataShapeMismatch, origin, $"`{path}`", $"{classes.Length} folders of drawings, one a class", $"{k} classes");
            return null;
        }

        double[] inputs = new double[files.Count * side * side];
        double[] targets = new double[files.Count];
        for (int i = 0; i < files.Count; i++)
        {
            (string name, byte[] bytes) = files[i];
            targets[i] = Array.BinarySearch(classes, FolderOf(name), StringComparer.Ordinal);
            if (Drawings.Ink(bytes, side, out string problem) is not { } ink)
            {
                diagnostics.Add(Codes.BadImage, origin, name, problem);
                continue;
            }

            ink.CopyTo(inputs.AsSpan(i * side * side));
        }

        return diagnostics.HasErrors ? null : new Samples(files.Count, side * side, inputs, 1, targets);
    }

    private static string FolderOf(string name) => name[..Math.Max(0, name.LastIndexOf('/'))];
}
