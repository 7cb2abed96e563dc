namespace TpCompiler.Tests;

/// <summary>Numbers that have nothing to do with one another from numbers that follow one another: SplitMix64's step (Steele, Lea and Flood 2014).</summary>
internal static class BitMixer
{
    public static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
