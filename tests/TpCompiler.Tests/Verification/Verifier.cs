using System.Runtime.CompilerServices;
using System.Text;

namespace TpCompiler.Tests.Verification;

/// <summary>
/// Snapshot tests with the call and the file names of Verify.Xunit: the text is compared with <c>Class.Method.verified.EXT</c> beside
/// the test's source (the source file is taken to be named after its class). On a difference the text is kept as
/// <c>Class.Method.received.EXT</c>: rename it to accept it. <c>-p:UseVerifyXunit=true</c> builds the tests with the real package instead.
/// </summary>
public static class Verifier
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static Task Verify(
        string text,
        string extension = "txt",
        VerifySettings? settings = null,
        [CallerFilePath] string sourceFile = "",
        [CallerMemberName] string method = "")
    {
        string directory = Path.Combine(Path.GetDirectoryName(sourceFile)!, settings?.Directory ?? "");
        string name = settings?.FileName ?? $"{Path.GetFileNameWithoutExtension(sourceFile)}.{method}";
        bool onServer = Environment.GetEnvironmentVariable("CI") is { Length: > 0 };
        return Compare(text, Path.Combine(directory, name), extension, onServer);
    }

    /// <summary>The comparison itself. A build server leaves no received files behind, and says all that there is to see.</summary>
    internal static async Task Compare(string text, string path, string extension, bool onServer)
    {
        string verifiedFile = $"{path}.verified.{extension}";
        string receivedFile = $"{path}.received.{extension}";
        string received = text.ReplaceLineEndings("\n");
        string? verified = File.Exists(verifiedFile) ? (await File.ReadAllTextAsync(verifiedFile)).ReplaceLineEndings("\n") : null;
        if (received == verified)
        {
            File.Delete(receivedFile);
            return;
        }

        if (!onServer)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(receivedFile)!);
            await File.WriteAllTextAsync(receivedFile, received, StrictUtf8);
        }

        throw new SnapshotMismatchException(verified is null
            ? $"There is no snapshot {verifiedFile}. Received:\n{received}"
            : $"The snapshot {verifiedFile} differs.\n{FirstDifference(verified, received)}\nReceived:\n{received}");
    }

    private static string FirstDifference(string verified, string received)
    {
        string[] left = verified.Split('\n');
        string[] right = received.Split('\n');
        int line = 0;
        while (line < Math.Min(left.Length, right.Length) && left[line] == right[line])
        {
            line++;
        }

        string Shown(string[] lines) => line < lines.Length ? lines[line] : "(end of text)";
        return $"First in line {line + 1}:\n  verified: {Shown(left)}\n  received: {Shown(right)}";
    }
}
