using System.Security;
using System.Text;
using System.Text.Unicode;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli;

/// <summary>Reads a program; whatever can be wrong with a file becomes a diagnostic.</summary>
internal static class SourceReader
{
    public const int MaximumBytes = 1 << 20;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>The text of a file, or of standard input for <c>-</c>; null with an error in the bag when there is none.</summary>
    public static SourceText? Read(string path, Func<Stream> openInput, DiagnosticBag diagnostics)
    {
        bool isInput = path == "-";
        string name = isInput ? "<stdin>" : path;
        try
        {
            if (!isInput && Directory.Exists(path))
            {
                diagnostics.Add(Codes.PathIsDirectory, null, name);
                return null;
            }

            using Stream stream = isInput ? openInput() : File.OpenRead(path);
            byte[] bytes = new byte[MaximumBytes + 1];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return Decode(name, bytes.AsSpan(0, count), diagnostics);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || path.Length == 0)
        {
            diagnostics.Add(NotFound(path));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or SecurityException)
        {
            diagnostics.Add(Codes.FileUnreadable, null, name, "permission denied");
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Codes.FileUnreadable, null, name, e.Message);
        }

        return null;
    }

    private static SourceText? Decode(string name, ReadOnlySpan<byte> bytes, DiagnosticBag diagnostics)
    {
        if (bytes.Length > MaximumBytes)
        {
            diagnostics.Add(Codes.FileTooLarge, null, name, MaximumBytes);
            return null;
        }

        return Text(name, bytes, null, diagnostics);
    }

    /// <summary>The text of a file's bytes, UTF-8 with or without a byte order mark; null with an error in the bag for anything else.</summary>
    /// <param name="name">The file.</param>
    /// <param name="bytes">All of it.</param>
    /// <param name="origin">The words of a program that name the file; null when the command line does.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static SourceText? Text(string name, ReadOnlySpan<byte> bytes, Location? origin, DiagnosticBag diagnostics)
    {
        if (!Utf8.IsValid(bytes))
        {
            int position = FirstInvalid(bytes);
            diagnostics.Add(Codes.NotUtf8, origin, name, bytes[position], position);
            return null;
        }

        return new SourceText(name, Encoding.UTF8.GetString(bytes.StartsWith(ByteOrderMark) ? bytes[3..] : bytes));
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int position = 0;
        while (Rune.DecodeFromUtf8(bytes[position..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
        {
            position += consumed;
        }

        return position;
    }

    private static Diagnostic NotFound(string path)
    {
        Diagnostic diagnostic = Diagnostic.Create(Codes.FileNotFound, null, path);
        string directory = Path.GetDirectoryName(path) ?? "";
        string searched = directory.Length == 0 ? "." : directory;
        return Directory.Exists(searched)
            ? diagnostic.WithSpelling(path, Directory.EnumerateFiles(searched, "*.tp").Select(f => Path.Combine(directory, Path.GetFileName(f))))
            : diagnostic;
    }
}
