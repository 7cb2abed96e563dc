using System.IO.Compression;
using StbImageSharp;

namespace TpCompiler.Cli.Data;

/// <summary>Image files, in a folder or in an archive, and their pixels.</summary>
internal static class Drawings
{
    private const int LargestSide = 1 << 12;

    /// <summary>The image files under a folder or in a zip file, the path going on inside it, by their path within.</summary>
    /// <exception cref="IOException">There is no such folder or archive, or it can't be read.</exception>
    public static IEnumerable<(string Name, byte[] Bytes)> FilesOf(string path)
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

    /// <summary>A drawing's ink, 0 where the paper is white and 1 where it is black, resized to <paramref name="side"/> × <paramref name="side"/>, row after row; null with what is wrong.</summary>
    public static double[]? Ink(byte[] bytes, int side, out string problem)
    {
        if (Decode(bytes, out problem) is not { } image)
        {
            return null;
        }

        double[] ink = [.. image.Data.Select(pixel => (255 - pixel) / 255.0)];
        return Resampling.Resize(ink, image.Height, image.Width, side, side);
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
}
