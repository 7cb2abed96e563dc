using System.Text;

namespace TpCompiler.Numerics.Execution;

/// <summary>Which stream of random numbers a Gaussian of a program draws from: a function of its name and the iteration alone, so that adding instructions or changing precision moves nothing.</summary>
public static class Streams
{
    /// <summary>FNV-1a of the name's UTF-8 bytes and the counters, then mixed (the finaliser of SplitMix64).</summary>
    public static ulong Of(string name, ReadOnlySpan<int> iteration)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        foreach (var counter in iteration)
        {
            hash = (hash ^ 0xFF) * 0x100000001B3;
            for (var shift = 0; shift < 32; shift += 8)
            {
                hash = (hash ^ (byte)(counter >> shift)) * 0x100000001B3;
            }
        }

        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return hash ^ (hash >> 31);
    }
}
