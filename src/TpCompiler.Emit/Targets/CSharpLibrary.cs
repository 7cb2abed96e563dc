namespace TpCompiler.Emit.Targets;

/// <summary>What emitted C# programs have in common behind their own text: options, .npz files, functions that the framework lacks.</summary>
internal static class CSharpLibrary
{
    /// <summary>With the one directive that matters: <c>dotnet run</c> doesn't optimise unless it is told to.</summary>
    public const string Usings = """
        #:property Optimize=true
        using System.Diagnostics;
        using System.Globalization;
        using System.IO.Compression;
        using System.Runtime.CompilerServices;
        using System.Runtime.InteropServices;
        using System.Text;
        """;

    public const string Data = """
        Dictionary<string, (int[] Shape, double[] Numbers)> data = Load(Option("--data") ?? throw Stop("--data is missing"));
        """;

    /// <summary>A program that is given something else than these options says so, and ends.</summary>
    public static string OnlyOptions(params IEnumerable<string> options) => $$"""
        string[] options = [{{string.Join(", ", options.Select(option => $"\"{option}\""))}}];
        if (args.Length % 2 != 0 || args.Where((_, i) => i % 2 == 0).Except(options).Any())
        {
            throw Stop($"the options are {string.Join(", ", options)}, each with a value behind it");
        }
        """;

    private const string Option = """
        string? Option(string name) => Array.IndexOf(args, name) is >= 0 and int at ? args[at + 1] : null;

        // Ends the program with a message.
        static Exception Stop(string message)
        {
            Console.Error.WriteLine(message);
            Environment.Exit(2);
            return new UnreachableException();
        }
        """;

    private const string Flat = """

        // The numbers of an array in order, last axis fastest.
        static Span<T> Flat<T>(Array array) => MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);
        """;

    private const string Normal = """

        // Independent Gaussian numbers of the seed, those that tpc draws, or those of the file of weights.
        T Normal<T>(string name, string stream, double deviation, T array) where T : class
        {
            double[]? given = weights?{given};
            int count = ((Array)(object)array).Length;
            if (given is not null && given.Length != count)
            {
                throw Stop($"the file has {given.Length} numbers for {name}, and this net needs {count}");
            }

            ulong number = Philox.StreamOf(stream);
            for (int i = 0; i < count; i++)
            {
                double drawn = given?[i] ?? deviation * Philox.Normal(seed, number, i);
                {set}
            }

            return array;
        }
        """;

    private const string Philox = """

        // The counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): number i of a stream is a function of the seed, the stream and i.
        static class Philox
        {
            // FNV-1a of the name, mixed as by SplitMix64.
            public static ulong StreamOf(string name)
            {
                ulong hash = Encoding.UTF8.GetBytes(name).Aggregate(0xCBF29CE484222325UL, (hash, letter) => (hash ^ letter) * 0x100000001B3);
                hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9;
                hash = (hash ^ hash >> 27) * 0x94D049BB133111EB;
                return hash ^ hash >> 31;
            }

            // N(0, 1) by Box and Muller: of 32 numbers, made of 16 blocks, the first 16 have the cosines and the others the sines.
            public static double Normal(ulong seed, ulong stream, long i)
            {
                var (first, second) = Block(seed, stream, (ulong)(i / 32 * 16 + i % 16));
                double radius = Math.Sqrt(-2 * Math.Log(Unit(first))), angle = 2 * Math.PI * Unit(second);
                return radius * (i % 32 < 16 ? Math.Cos(angle) : Math.Sin(angle));
            }

            // The upper bits as an odd multiple of 2^-53.
            private static double Unit(ulong bits) => ((bits >> 12) + 0.5) / (1L << 52);

            private static (ulong, ulong) Block(ulong seed, ulong stream, ulong counter)
            {
                uint c0 = (uint)counter, c1 = (uint)(counter >> 32), c2 = (uint)stream, c3 = (uint)(stream >> 32), k0 = (uint)seed, k1 = (uint)(seed >> 32);
                for (int round = 0; round < 10; round++)
                {
                    ulong p0 = (ulong)c0 * 0xD2511F53, p1 = (ulong)c2 * 0xCD9E8D57;
                    (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
                    k0 += 0x9E3779B9;
                    k1 += 0xBB67AE85;
                }

                return (c0 | (ulong)c1 << 32, c2 | (ulong)c3 << 32);
            }
        }
        """;

    private const string Samples = """

        // The samples that step t reads: the batches follow one another, and begin anew behind the last sample.
        T Samples<T>(string field, int t, T array) where T : class
        {
            double[] numbers = data[field].Numbers;
            Span<double> flat = Flat<double>((Array)(object)array);
            for (int i = 0; i < flat.Length; i++)
            {
                flat[i] = numbers[(int)(((long)t * flat.Length + i) % numbers.Length)];
            }

            return array;
        }
        """;

    private const string SetNumber = """

        static void Set(Array array, int i, double number)
        {
            if (array is double[] or double[,] or double[,,] or double[,,,])
            {
                Flat<double>(array)[i] = number;
            }
            else
            {
                Flat<Real>(array)[i] = (Real)number;
            }
        }
        """;

    private const string Report = """

        // A line of output: name, step, numbers.
        static void Report(string name, int? t, Array values) => Console.WriteLine(string.Join(' ', new[] { name }.Concat(t is null ? [] : [$"{t}"]).Concat(values.Cast<object>().Select(value => Convert.ToDouble(value).ToString("R", CultureInfo.InvariantCulture)))));
        """;

    private const string Load = """

        // An .npz file: a zip archive of .npy files, of double precision here.
        static Dictionary<string, (int[] Shape, double[] Numbers)> Load(string path)
        {
            using ZipArchive zip = ZipFile.OpenRead(path);
            return zip.Entries.ToDictionary(entry => entry.FullName[..^4], entry =>
            {
                using MemoryStream bytes = new();
                using Stream stream = entry.Open();
                stream.CopyTo(bytes);
                byte[] all = bytes.ToArray();
                int start = 10 + all[8] + 256 * all[9];
                string header = Encoding.ASCII.GetString(all, 10, start - 10);
                string[] shape = header.Split('(', ')')[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                return (shape.Select(int.Parse).ToArray(), MemoryMarshal.Cast<byte, double>(all.AsSpan(start)).ToArray());
            });
        }
        """;

    private const string Square = """

        static double Square(double x) => x * x;
        """;

    private const string Softplus = """

        // log(1 + e^x)
        static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
        """;

    private const string Erf = """

        // The error function: a series of positive terms near 0, a continued fraction of erfc further out.
        static double Erf(double x)
        {
            double size = Math.Abs(x);
            if (size > 6)
            {
                return Math.Sign(x);
            }

            if (size < 2.5)
            {
                double sum = x, term = x;
                for (int k = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); k++)
                {
                    term *= 2 * x * x / (2 * k + 1);
                    sum += term;
                }

                return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
            }

            double fraction = size;
            for (int k = 60; k > 0; k--)
            {
                fraction = size + k / 2.0 / fraction;
            }

            return Math.Sign(x) * (1 - Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction));
        }
        """;

    /// <summary>Of a limit: arrays are double, and a file needn't have the number.</summary>
    private static readonly string NormalInLimit = Normal.Replace("{set}", "Flat<double>((Array)(object)array)[i] = drawn;", StringComparison.Ordinal)
        .Replace("{given}", ".GetValueOrDefault(name).Numbers", StringComparison.Ordinal).Replace("or those of the file of weights", "or those of the file", StringComparison.Ordinal);

    /// <summary>Each function that the program calls, or that one of these calls, in this order.</summary>
    private static readonly (string Call, string Text)[] Functions =
    [
        ("Option(", Option),
        ("Flat<", Flat),
        ("Normal(\"", Normal.Replace("{set}", "Set((Array)(object)array, i, drawn);", StringComparison.Ordinal).Replace("{given}", "[name].Numbers", StringComparison.Ordinal)),
        ("Samples(\"", Samples),
        ("Set(", SetNumber),
        ("Report(\"", Report),
        ("Load(", Load),
        ("Square(", Square),
        ("Softplus(", Softplus),
        ("Erf(", Erf),
        ("Philox.", Philox),
    ];

    /// <summary>Writes the functions that the text so far needs.</summary>
    public static void Write(CodeWriter writer, bool inLimit = false)
    {
        HashSet<string> needed = [];
        string read = writer.ToString();
        List<(string Call, string Text)> own = [.. Functions.Select(function => inLimit && function.Text.Contains("T Normal<T>(", StringComparison.Ordinal) ? (function.Call, NormalInLimit) : function)];
        while (own.Find(function => !needed.Contains(function.Call) && read.Contains(function.Call, StringComparison.Ordinal)) is { Call: { } call, Text: var text })
        {
            needed.Add(call);
            read += text;
        }

        own.Where(function => needed.Contains(function.Call)).ToList().ForEach(function => writer.Line(function.Text));
    }
}
