namespace TpCompiler.Tests.Verification;

/// <summary>Where a snapshot lies; the part of Verify's <c>VerifySettings</c> that these tests use.</summary>
public sealed class VerifySettings
{
    internal string? Directory { get; private set; }

    internal string? FileName { get; private set; }

    /// <summary>A folder relative to the test's source file.</summary>
    public void UseDirectory(string directory) => Directory = directory;

    /// <summary>The file's name without <c>.verified.txt</c>, in place of <c>Class.Method</c>.</summary>
    public void UseFileName(string fileName) => FileName = fileName;
}
