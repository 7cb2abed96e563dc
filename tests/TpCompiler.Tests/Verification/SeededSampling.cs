using System.Globalization;
using System.Runtime.CompilerServices;
using CsCheck;

// In the outermost namespace of the tests, so that these methods come before CsCheck's own of the same name.
namespace TpCompiler.Tests;

/// <summary>
/// Property tests on the same cases in every run. <c>TPC_TEST_SEED</c> in the environment chooses others: a number, or <c>random</c>. What fails is handed to CsCheck, which shrinks it.
/// </summary>
internal static class SeededSampling
{
    private const string Variable = "TPC_TEST_SEED";

    private const int Cases = 100;

    private static readonly ulong Seed = Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => 2011_14522,
        "random" => (ulong)Random.Shared.NextInt64(),
        var text => ulong.Parse(text, CultureInfo.InvariantCulture),
    };

    public static void Sample<T>(this Gen<T> gen, Action<T> test, int iter = Cases, int threads = 1, [CallerMemberName] string name = "")
    {
        _ = threads;
        var pcg = new PCG((uint)Mix(0, name), Mix(Seed, name));
        for (var i = 0; i < iter; i++)
        {
            var state = pcg.State;
            var sample = gen.Generate(pcg, null, out _);
            try
            {
                test(sample);
            }
            catch (Exception failure)
            {
                gen.Sample(test, null, pcg.ToString(state), iter);
                throw new InvalidOperationException($"Case {i} of {Variable}={Seed} failed once and then passed.", failure);
            }
        }
    }

    public static void Sample<T>(this Gen<T> gen, Func<T, bool> test, int iter = Cases, int threads = 1, [CallerMemberName] string name = "") =>
        gen.Sample(sample => Assert.True(test(sample)), iter, threads, name);

    public static void Sample<T1, T2>(this Gen<(T1 First, T2 Second)> gen, Action<T1, T2> test, int iter = Cases, int threads = 1, [CallerMemberName] string name = "") =>
        gen.Sample(sample => test(sample.First, sample.Second), iter, threads, name);

    public static void Sample<T1, T2, T3>(
        this Gen<(T1 First, T2 Second, T3 Third)> gen, Action<T1, T2, T3> test, int iter = Cases, int threads = 1, [CallerMemberName] string name = "") =>
        gen.Sample(sample => test(sample.First, sample.Second, sample.Third), iter, threads, name);

    public static void Sample<T1, T2, T3, T4>(
        this Gen<(T1 First, T2 Second, T3 Third, T4 Fourth)> gen, Action<T1, T2, T3, T4> test, int iter = Cases, int threads = 1, [CallerMemberName] string name = "") =>
        gen.Sample(sample => test(sample.First, sample.Second, sample.Third, sample.Fourth), iter, threads, name);

    /// <summary>A number that differs in all bits for names that differ in one.</summary>
    private static ulong Mix(ulong seed, string name) => name.Aggregate(seed, (hash, letter) => BitMixer.Mix(hash + letter));
}
