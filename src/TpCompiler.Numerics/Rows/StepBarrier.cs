namespace TpCompiler.Numerics.Rows;

/// <summary>Where threads wait for each other many thousand times a second: awake at first, then letting others run, then asleep.</summary>
internal sealed class StepBarrier(int threads)
{
    private const int SpinsAwake = 500;
    private const int SpinsYielding = 20000;

    private int arrived;
    private int phase;

    public void Wait()
    {
        if (threads == 1)
        {
            return;
        }

        var mine = Volatile.Read(ref phase);
        if (Interlocked.Increment(ref arrived) == threads)
        {
            arrived = 0;
            Volatile.Write(ref phase, mine + 1);
            return;
        }

        for (var spins = 0; Volatile.Read(ref phase) == mine; spins++)
        {
            if (spins < SpinsAwake)
            {
                Thread.SpinWait(1);
            }
            else if (spins < SpinsYielding)
            {
                Thread.Yield();
            }
            else
            {
                Thread.Sleep(1);
            }
        }
    }
}
