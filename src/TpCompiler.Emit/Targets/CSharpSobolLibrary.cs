using System.Globalization;
using TpCompiler.Limits;

namespace TpCompiler.Emit.Targets;

/// <summary>Scrambled Sobol points in an emitted limit, the same as those of <c>tpc run --limit</c>.</summary>
internal static class CSharpSobolLibrary
{
    private const string Sobol = """

        // Sobol points with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2635, 2008), scrambled by a random lower triangular matrix over GF(2) and a digital shift (Matoušek 1998).
        static class Sobol
        {
            private const int InputBits = 32, OutputBits = 53;

            private static readonly uint[][] Directions = [[.. Enumerable.Range(0, InputBits).Select(k => 1u << (InputBits - 1 - k))], .. Table.Split([';', '\n']).Select(row => Direction([.. row.Split(' ').Select(uint.Parse)]))];

            // A dimension of the first points as standard Gaussian numbers.
            public static double[] Normals(ulong scrambling, int dimension, int points)
            {
                if (dimension >= Directions.Length)
                {
                    throw new NotSupportedException($"There are direction numbers for {Directions.Length} Gaussians in a coordinate space, and the program meets more.");
                }

                Random64 random = new(Random64.Mix(scrambling ^ Random64.Mix((ulong)dimension + 1)));
                ulong[] columns = Scramble(Directions[dimension], random);
                ulong value = random.Next() >> (64 - OutputBits);
                double[] normals = new double[points];
                for (int i = 0; i < points; i++)
                {
                    normals[i] = Quantile((value + 0.5) / (1UL << OutputBits));
                    value ^= columns[BitOperations.TrailingZeroCount(i + 1)];
                }

                return normals;
            }

            // Row r of the scrambling matrix has a one on the diagonal and random bits to its left, towards more significant digits.
            private static ulong[] Scramble(uint[] direction, Random64 random)
            {
                ulong[] columns = new ulong[InputBits];
                for (int row = 0; row < OutputBits; row++)
                {
                    uint bits = (uint)(random.Next() >> 32);
                    uint mask = row < InputBits ? (bits & ~(uint.MaxValue >> row)) | (1u << (InputBits - 1 - row)) : bits;
                    for (int j = 0; j < InputBits; j++)
                    {
                        columns[j] |= (ulong)(BitOperations.PopCount(mask & direction[j]) & 1) << (OutputBits - 1 - row);
                    }
                }

                return columns;
            }

            // A row of the table is a primitive polynomial, its coefficients as a binary number, and m_1 … m_s: m_k = 2a_1 m_{k-1} ⊕ 4a_2 m_{k-2} ⊕ … ⊕ 2^s m_{k-s} ⊕ m_{k-s} and v_k = m_k / 2^k.
            private static uint[] Direction(uint[] row)
            {
                int degree = row.Length - 1;
                uint[] v = new uint[InputBits];
                for (int k = 0; k < InputBits; k++)
                {
                    v[k] = k < degree ? row[k + 1] << (InputBits - 1 - k) : v[k - degree] ^ (v[k - degree] >> degree);
                    for (int j = 1; j < degree && k >= degree; j++)
                    {
                        v[k] ^= ((row[0] >> (degree - j)) & 1) * v[k - j];
                    }
                }

                return v;
            }

            // The x with Φ(x) = p (Wichura, Algorithm AS 241).
            public static double Quantile(double p)
            {
                double q = p - 0.5;
                if (Math.Abs(q) <= 0.425)
                {
                    return q * Ratio(
                        [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
                        [5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1],
                        0.180625 - q * q);
                }

                double tail = Math.Sqrt(-Math.Log(q < 0 ? p : 1 - p));
                double x = tail <= 5
                    ? Ratio(
                        [7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734],
                        [1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1],
                        tail - 1.6)
                    : Ratio(
                        [2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772],
                        [2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1],
                        tail - 5);
                return q < 0 ? -x : x;
            }

            // A quotient of polynomials in r, highest powers first.
            private static double Ratio(ReadOnlySpan<double> numerator, ReadOnlySpan<double> denominator, double r)
            {
                (double p, double q) = (0, 0);
                for (int i = 0; i < numerator.Length; i++)
                {
                    (p, q) = (p * r + numerator[i], q * r + denominator[i]);
                }

                return p / q;
            }

            // SplitMix64 (Steele, Lea and Flood 2014).
            private sealed class Random64(ulong state)
            {
                public ulong Next() => Mix(state += 0x9E3779B97F4A7C15);

                public static ulong Mix(ulong z)
                {
                    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                    return z ^ (z >> 31);
                }
            }

            // Dimensions 2, 3, …
            private const string Table = @"
        """;

    /// <summary>Writes the points with a table of so many dimensions.</summary>
    public static void Write(CodeWriter writer, int dimensions)
    {
        IEnumerable<string> rows = SobolTable.Rows.Take(dimensions - 1).Select(row => string.Join(' ', row.Select(number => number.ToString(CultureInfo.InvariantCulture))));
        writer.Line(Sobol + string.Join('\n', Lines(rows, 150)) + "\";\n}");
    }

    /// <summary>Rows of a table, several a line.</summary>
    private static List<string> Lines(IEnumerable<string> rows, int width)
    {
        List<string> lines = [];
        foreach (string row in rows)
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + row.Length <= width)
            {
                lines[^1] += ";" + row;
            }
            else
            {
                lines.Add(row);
            }
        }

        return lines;
    }
}
