using System.IO.Compression;
using StbImageSharp;
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

    private const int LargestSide = 1 << 12;

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
            .. FilesOf(path)
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
            if (Decode(bytes, out string problem) is not { } image)
            {
                diagnostics.Add(Codes.BadImage, origin, name, problem);
                continue;
            }

            double[] ink = [.. image.Data.Select(pixel => (255 - pixel) / 255.0)];
            Resampling.Resize(ink, image.Height, image.Width, side, side).CopyTo(inputs.AsSpan(i * side * side));
        }

        return diagnostics.HasErrors ? null : new Samples(files.Count, side * side, inputs, 1, targets);
    }

    private static ImageResult? Decode(byte[] bytes, out string problem)
    {
        problem = "it is no PNG, JPEG, BMP or GIF, or is damaged";
        try
        {
            using MemoryStream stream = new(bytes);
            if (ImageInfo.FromStream(stream) is not { } info)
            {
                return null;
            }

            if (info.Width > LargestSide || info.Height > LargestSide)
            {
                problem = $"it is {info.Width} × {info.Height} pixels large, and at most {LargestSide} a side are read";
                return null;
            }

            stream.Position = 0;
            return ImageResult.FromStream(stream, ColorComponents.Grey);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The decoder throws whatever it stumbles over in a damaged file.
            return null;
        }
    }

    private static string FolderOf(string name) => name[..Math.Max(0, name.LastIndexOf('/'))];

    private static IEnumerable<(string Name, byte[] Bytes)> FilesOf(string path)
    {
        if (Directory.Exists(path))
        {
            return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(IsImage)
                .Select(file => (Path.GetRelativePath(path, file).Replace('\\', '/'), File.ReadAllBytes(file)));
        }

        // "archive.zip/images_background/Greek": the part up to the archive, and the part within.
        for (string? archive = path; !string.IsNullOrEmpty(archive); archive = Path.GetDirectoryName(archive))
        {
            if (File.Exists(archive))
            {
                return FilesOfArchive(archive, Path.GetRelativePath(archive, path).Replace('\\', '/'));
            }
        }

        throw new DirectoryNotFoundException(path);
    }

    private static List<(string Name, byte[] Bytes)> FilesOfArchive(string archive, string folder)
    {
        using FileStream stream = File.OpenRead(archive);
        ZipArchive zip;
        try
        {
            zip = new ZipArchive(stream);
        }
        catch (InvalidDataException)
        {
            throw new IOException("it is neither a folder nor a zip archive");
        }

        using (zip)
        {
            string prefix = folder == "." ? "" : folder.TrimEnd('/') + "/";
            return [.. zip.Entries
                .Where(entry => entry.FullName.StartsWith(prefix, StringComparison.Ordinal) && IsImage(entry.FullName))
                .Select(entry => (entry.FullName, BytesOf(entry)))];
        }
    }

    private static byte[] BytesOf(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static bool IsImage(string name) =>
        Path.GetExtension(name).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".bmp" or ".gif" && !name.Contains("__MACOSX", StringComparison.Ordinal);
}
