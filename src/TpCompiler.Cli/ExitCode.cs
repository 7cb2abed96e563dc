namespace TpCompiler.Cli;

/// <summary>What <c>tpc</c> tells the process that called it.</summary>
public static class ExitCode
{
    public const int Fine = 0;

    /// <summary>An error in the program or its data, or a check that failed.</summary>
    public const int Diagnostics = 1;

    /// <summary>The command line itself was wrong.</summary>
    public const int Usage = 2;

    /// <summary>A fault of tpc (EX_SOFTWARE of sysexits).</summary>
    public const int Bug = 70;
}
