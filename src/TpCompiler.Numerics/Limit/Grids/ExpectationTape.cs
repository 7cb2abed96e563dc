namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>
/// The numbers that expectations gave in a run, in their order. Once <see cref="Replay"/> was called, a run of the same program at other points gets these instead of its own: each of its variables is then
/// the same function of its Gaussians as in the run before, evaluated wherever one likes.
/// </summary>
internal sealed class ExpectationTape
{
    private readonly List<double> numbers = [];
    private int next;
    private bool replays;

    /// <summary>Starts over, with the numbers there are.</summary>
    public ExpectationTape Replay()
    {
        (next, replays) = (0, true);
        return this;
    }

    /// <summary>Appends the numbers, or replaces them.</summary>
    public void Pass(Span<double> expectations)
    {
        if (replays)
        {
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(numbers).Slice(next, expectations.Length).CopyTo(expectations);
            next += expectations.Length;
        }
        else
        {
            numbers.AddRange(expectations);
        }
    }
}
