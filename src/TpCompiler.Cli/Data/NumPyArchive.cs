using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace TpCompiler.Cli.Data;

/// <summary>An .npz file: a zip archive with an .npy file (format 1.0, little-endian doubles, last axis fastest) for each array.</summary>
internal sealed class NumPyArchive(Stream stream) : IDisposable
{
    private readonly ZipArchive zip = new(stream, ZipArchiveMode.Create);

    public void Add(string name, IEnumerable<int> shape, double[] numbers)
    {
        using Stream entry = zip.CreateEntry(name + ".npy", CompressionLevel.NoCompression).Open();
        string sizes = string.Concat(shape.Select(size => string.Create(CultureInfo.InvariantCulture, $"{size},")));
        string header = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({sizes}), }}";

        // Magic, version and length take 10 bytes; all of it, with the line's end, is a multiple of 64.
        header = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
        entry.Write(Encoding.ASCII.GetBytes(header));
        entry.Write(MemoryMarshal.AsBytes(numbers.AsSpan()));
    }

    /// <summary>A text beside the arrays.</summary>
    public void AddText(string name, string text)
    {
        using Stream entry = zip.CreateEntry(name).Open();
        entry.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The numbers of an array as <see cref="Add"/> writes it, its shape forgotten.</summary>
    /// <exception cref="InvalidDataException">It is another kind of array.</exception>
    public static double[] Read(ZipArchiveEntry array)
    {
        using Stream stream = array.Open();
        byte[] bytes = new byte[array.Length];
        stream.ReadExactly(bytes);
        int start = bytes.Length < 10 ? 0 : 10 + bytes[8] + (bytes[9] << 8);
        return start == 0 || start > bytes.Length || !Encoding.ASCII.GetString(bytes, 10, start - 10).Contains("'<f8'", StringComparison.Ordinal)
            ? throw new InvalidDataException($"{array.FullName} is no array of doubles")
            : MemoryMarshal.Cast<byte, double>(bytes.AsSpan(start)).ToArray();
    }

    public void Dispose() => zip.Dispose();
}
