namespace TpCompiler.Numerics.Kernels;

/// <summary>Runs independent pieces of a kernel on several threads. Which thread takes which piece never shows in a result: each output element belongs to one piece.</summary>
public static class WorkSharing
{
    private static int threadCount = Environment.ProcessorCount;

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

    /// <summary>Calls <paramref name="piece"/> once for each of 0 … count − 1, and returns when all are done.</summary>
    internal static void Run(int count, Action<int> piece)
    {
        int threads = Math.Min(threadCount, count);
        if (threads <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                piece(i);
            }

            return;
        }

        int next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                piece(i);
            }
        });
    }
}
