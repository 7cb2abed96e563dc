using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Cli.Results;

/// <summary>How far long work is, on one line of the terminal that is written over and at the end wiped. Nothing where standard error is no terminal.</summary>
internal sealed class ProgressLine(Reporter reporter) : IDisposable
{
    private const int Bar = 30;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock writing = new();
    private long shownAt;
    private bool shown;

    /// <summary>Whether <see cref="Show"/> would write now, so that text which nobody sees needn't be made.</summary>
    public bool IsDue => reporter.Terminal.ErrorIsTerminal && (!shown || Stopwatch.GetElapsedTime(shownAt) >= Pause);

    /// <summary>May be called from any thread and as often as one likes: it writes ten times a second at most.</summary>
    public void Show(string what, int done, int total)
    {
        lock (writing)
        {
            if (!IsDue)
            {
                return;
            }

            (shown, shownAt) = (true, Stopwatch.GetTimestamp());
            int filled = total == 0 ? 0 : (int)((long)Bar * done / total);
            string bar = new string('█', filled) + new string('░', Bar - filled);
            reporter.Terminal.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r\u001b[K{bar} {what} {done} of {total}"));
        }
    }

    public void Dispose()
    {
        if (shown)
        {
            reporter.Terminal.Error.Write("\r\u001b[K");
        }
    }
}
