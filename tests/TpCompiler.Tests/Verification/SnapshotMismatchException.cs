namespace TpCompiler.Tests.Verification;

/// <summary>A snapshot is missing or differs from what the test produced.</summary>
public sealed class SnapshotMismatchException(string message) : Exception(message);
