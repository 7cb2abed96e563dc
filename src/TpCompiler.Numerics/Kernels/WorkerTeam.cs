using System.Runtime.ExceptionServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// A few threads that wait for the next kernel, awake for some microseconds after the last one, then asleep. The thread pool takes longer
/// to begin than a small kernel to end, and a training step has about ten.
/// </summary>
internal sealed class WorkerTeam
{
    /// <summary>Turns of a waiting loop before a thread goes to sleep: about a millisecond.</summary>
    private const int SpinsBeforeSleep = 4000;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim wake = new(0);
    private volatile Job? current;
    private int workers;
    private int sleeping;

    /// <summary>
    /// Runs all pieces on this thread and at most <paramref name="helpers"/> others; false, having done nothing, when the team is taken.
    /// </summary>
    public bool TryRun(int count, Action<int> piece, int helpers)
    {
        if (gate.IsHeldByCurrentThread || WorkerMark.IsWorker || !gate.TryEnter())
        {
            return false;
        }

        try
        {
            for (; workers < helpers; workers++)
            {
                new Thread(Wait) { IsBackground = true, Name = "tpc kernel" }.Start();
            }

            var job = new Job(count, piece, helpers);
            current = job;

            // A thread that counted itself asleep before this fence gets a permit; one that does later sees the job first.
            Interlocked.MemoryBarrier();
            int asleep = Math.Min(Volatile.Read(ref sleeping), helpers);
            if (asleep > 0)
            {
                wake.Release(asleep);
            }

            job.Work();
            job.Finish();
            return true;
        }
        finally
        {
            current = null;
            gate.Exit();
        }
    }

    private void Wait()
    {
        WorkerMark.IsWorker = true;
        Job? last = null;
        while (true)
        {
            Job? next;
            for (int spins = 0; (next = current) is null || next == last; spins++)
            {
                if (spins < SpinsBeforeSleep)
                {
                    Thread.SpinWait(8);
                    continue;
                }

                Interlocked.Increment(ref sleeping);
                if (current is null || current == last)
                {
                    wake.Wait();
                }

                Interlocked.Decrement(ref sleeping);
                spins = 0;
            }

            last = next;
            next.Help();
        }
    }

    private static class WorkerMark
    {
        [field: ThreadStatic]
        public static bool IsWorker { get; set; }
    }

    private sealed class Job
    {
        private readonly int count;
        private readonly Action<int> piece;
        private int next = -1;
        private int remaining;
        private int places;
        private Exception? failure;

        public Job(int count, Action<int> piece, int helpers)
        {
            this.count = count;
            this.piece = piece;
            remaining = count;
            places = helpers;
        }

        public void Help()
        {
            if (Interlocked.Decrement(ref places) >= 0)
            {
                Work();
            }
        }

        public void Work()
        {
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                try
                {
                    piece(i);
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref failure, exception, null);
                }
                finally
                {
                    Interlocked.Decrement(ref remaining);
                }
            }
        }

        /// <summary>Waits for the pieces that others have taken; what one of them threw is thrown here.</summary>
        public void Finish()
        {
            var spinner = default(SpinWait);
            while (Volatile.Read(ref remaining) > 0)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }

            if (failure is not null)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }
}
