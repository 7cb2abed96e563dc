namespace TpCompiler.Emit.Targets;

/// <summary>What emitted C# programs have in common behind their own text: options, .npz files, functions that the framework lacks.</summary>
internal static class CSharpLibrary
{
    /// <summary>With the one directive that matters: <c>dotnet run</c> doesn't optimise unless it is told to.</summary>
    public const string Usings = """
        #:property Optimize=true
        using System.Globalization;
        using System.IO.Compression;
        using System.Runtime.CompilerServices;
        using System.Runtime.InteropServices;
        using System.Text;
        """;

    public const string Data = """
        Dictionary<string, (int[] Shape, double[] Numbers)> data = Load(Option("--data") ?? throw new ArgumentException("--data is missing"));
        """;

    private const string Option = """
        string? Option(string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;
        """;

    private const string Flat = """

        // The numbers of an array in order, last axis fastest.
        static Span<T> Flat<T>(Array array) => MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);
        """;

    private const string Normal = """

        // Independent Gaussian numbers, or those of the file of weights.
        T Normal<T>(string name, double deviation, T array) where T : class
        {
            double[]? given = weights?[name].Numbers;
            for (int i = 0; i < ((Array)(object)array).Length; i++)
            {
                double number = given?[i] ?? deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                {set}
            }

            return array;
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
    private static readonly string NormalInLimit = Normal.Replace("{set}", "Flat<double>((Array)(object)array)[i] = number;", StringComparison.Ordinal)
        .Replace("weights?[name].Numbers", "weights?.GetValueOrDefault(name).Numbers", StringComparison.Ordinal).Replace("or those of the file of weights", "or those of the file", StringComparison.Ordinal);

    /// <summary>Each function that the program calls, or that one of these calls, in this order.</summary>
    private static readonly (string Call, string Text)[] Functions =
    [
        ("Option(", Option),
        ("Flat<", Flat),
        ("Normal(\"", Normal.Replace("{set}", "Set((Array)(object)array, i, number);", StringComparison.Ordinal)),
        ("Samples(\"", Samples),
        ("Set(", SetNumber),
        ("Report(\"", Report),
        ("Load(", Load),
        ("Square(", Square),
        ("Softplus(", Softplus),
        ("Erf(", Erf),
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
