using System.Buffers.Binary;
using System.IO.Compression;

namespace TpCompiler.Cli.Data;

/// <summary>Unpacks a .gz file (RFC 1952) and notices when its end is missing, which <see cref="GZipStream"/> takes for the end of the text.</summary>
internal sealed class WholeGZip : Stream
{
    private const int Header = 10;
    private const int SizeField = 4;

    private readonly FileStream file;
    private readonly GZipStream unpacked;

    /// <summary>Bytes that the last member unpacks to, modulo 2^32. All members together are no fewer; where the end of the file is missing, something else stands here, nearly always a much larger number.</summary>
    private readonly uint size;
    private long read;

    /// <exception cref="InvalidDataException">It is no .gz file.</exception>
    public WholeGZip(string path)
    {
        file = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[SizeField];
        if (file.Length < Header + SizeField || file.ReadByte() != 0x1f || file.ReadByte() != 0x8b)
        {
            file.Dispose();
            throw new InvalidDataException("it is no .gz file");
        }

        file.Seek(-SizeField, SeekOrigin.End);
        file.ReadExactly(bytes);
        size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        file.Position = 0;
        unpacked = new GZipStream(file, CompressionMode.Decompress);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => read;
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The file is damaged, or ends too soon.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count = unpacked.Read(buffer);
        read += count;
        return count > 0 || buffer.IsEmpty || read >= size ? count : throw new InvalidDataException("the .gz file has no end: it is only a part of one");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            unpacked.Dispose();
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
