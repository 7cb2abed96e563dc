using System.Globalization;

namespace TpCompiler.Limits;

/// <summary>The direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2635–2654, 2008): what makes dimensions 2, 3, … of a Sobol sequence.</summary>
public static class SobolTable
{
    private static readonly Lazy<IReadOnlyList<uint[]>> Read = new(ReadRows);

    /// <summary>A row a dimension: the primitive polynomial's coefficients as a binary number, then m_1 … m_s, s its degree.</summary>
    public static IReadOnlyList<uint[]> Rows => Read.Value;

    private static List<uint[]> ReadRows()
    {
        using var stream = typeof(SobolTable).Assembly.GetManifestResourceStream("SobolDirectionNumbers.txt")!;
        using var reader = new StreamReader(stream);
        var rows = new List<uint[]>();
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                rows.Add([.. line.Split(' ').Select(field => uint.Parse(field, CultureInfo.InvariantCulture))]);
            }
        }

        return rows;
    }
}
