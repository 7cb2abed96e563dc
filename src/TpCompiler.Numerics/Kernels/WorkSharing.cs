namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Runs independent pieces of a kernel on several threads. Which thread takes which piece never shows in a result: each output element
/// belongs to one piece.
/// </summary>
public static class WorkSharing
{
    private static readonly WorkerTeam Team = new();
    private static int threadCount = Environment.ProcessorCount;

    [ThreadStatic]
    private static bool isAlone;

    /// <summary>The threads that a kernel may use, the caller's included; at first the number of processors.</summary>
    public static int ThreadCount
    {
        get => threadCount;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            threadCount = value;
        }
    }

    /// <summary>Runs work of which the caller has a share for every processor: its kernels stay on its thread.</summary>
    public static TResult Alone<TResult>(Func<TResult> work)
    {
        bool before = isAlone;
        isAlone = true;
        try
        {
            return work();
        }
        finally
        {
            isAlone = before;
        }
    }

    /// <summary>
    /// Calls <paramref name="piece"/> once for each of 0 … count − 1, and returns when all are done. The pieces must not depend on one
    /// another. Within a piece, or while another thread has the team, it does all of them itself.
    /// </summary>
    public static void Run(int count, Action<int> piece)
    {
        int helpers = isAlone ? 0 : Math.Min(threadCount, count) - 1;
        if (helpers > 0 && Team.TryRun(count, piece, helpers))
        {
            return;
        }

        for (int i = 0; i < count; i++)
        {
            piece(i);
        }
    }
}
