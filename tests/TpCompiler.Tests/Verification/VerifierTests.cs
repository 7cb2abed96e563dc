namespace TpCompiler.Tests.Verification;

public sealed class VerifierTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tpc-verifier").FullName;

    private string Snapshot => Path.Combine(directory, "Class.Method");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task A_text_equal_to_its_snapshot_passes_and_clears_an_old_received_file()
    {
        await File.WriteAllTextAsync(Snapshot + ".verified.txt", "a\nb\n");
        await File.WriteAllTextAsync(Snapshot + ".received.txt", "old");

        await Verifier.Compare("a\nb\n", Snapshot, "txt", onServer: false);

        Assert.False(File.Exists(Snapshot + ".received.txt"));
    }

    [Theory]
    [InlineData("a\nb\n", "a\nc\n", "First in line 2")]
    [InlineData("a\nb", "a\nb\n", "First in line 3")]
    [InlineData("a", "", "First in line 1")]
    [InlineData("", "a", "First in line 1")]
    public async Task A_text_that_differs_fails_and_is_kept(string verified, string received, string where)
    {
        await File.WriteAllTextAsync(Snapshot + ".verified.txt", verified);

        var failure = await Assert.ThrowsAsync<SnapshotMismatchException>(
            () => Verifier.Compare(received, Snapshot, "txt", onServer: false));

        Assert.Contains(where, failure.Message, StringComparison.Ordinal);
        Assert.Equal(received, await File.ReadAllTextAsync(Snapshot + ".received.txt"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_missing_snapshot_fails_and_only_a_developer_gets_a_received_file(bool onServer)
    {
        await Assert.ThrowsAsync<SnapshotMismatchException>(() => Verifier.Compare("a", Snapshot, "json", onServer));

        Assert.Equal(!onServer, File.Exists(Snapshot + ".received.json"));
    }

    [Fact]
    public async Task Line_ends_of_the_checkout_make_no_difference()
    {
        await File.WriteAllTextAsync(Snapshot + ".verified.txt", "a\r\nb\r\n");

        await Verifier.Compare("a\nb\n", Snapshot, "txt", onServer: true);
    }

    [Fact]
    public async Task A_snapshot_lies_beside_the_test_under_class_and_method()
    {
        await Verifier.Verify("beside the test\n");
    }

    [Fact]
    public async Task Settings_choose_folder_and_name()
    {
        VerifySettings settings = new();
        settings.UseDirectory("Snapshots");
        settings.UseFileName("chosen");

        await Verifier.Verify("{ \"chosen\": true }\n", "json", settings);
    }
}
