namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>
/// A grid whose panels end at kinks, one Gaussian after the other. Along the last Gaussian a function is smooth between the zeros of the arguments of its kinks; what is left after integrating over it is smooth in the Gaussian before
/// between the zeros of arguments that don't depend on the last one, and where zeros along the last one meet, come or go; and so on. Zeros that are missed leave a kink inside a panel, and the distance of two grids says so.
/// </summary>
/// <param name="field">The arguments.</param>
internal sealed class PanelGrid(KinkField field)
{
    /// <summary>Zeros are looked for as far as this, farther than any panel reaches.</summary>
    private const double SearchReach = 10;

    private const int Samples = 32;
    private const int RootPasses = 4;
    private const int MostBreaks = 24;
    private const double WidestPanel = 2.5;
    private const double SamePlace = 3e-9;
    private const double Beside = 1e-9;
    private const int CrossingSteps = 16;
    private readonly int dimensions = field.Gaussians;
    private readonly int[] lastGaussian = LastGaussians(field);
    private Line[]? first;

    /// <summary>How far the panels along a Gaussian reach, by the level of its rule: what is cut off is part of the distance of two grids.</summary>
    public static double Reach(int level) => 4.5 + (0.45 * level);

    /// <summary>The grid with this many nodes in each panel along each Gaussian; null where there is no end of kinks.</summary>
    /// <param name="nodes">For each Gaussian the nodes of a panel.</param>
    /// <param name="reaches">For each Gaussian how far the panels reach.</param>
    /// <param name="mostPoints">The points that the grid may have.</param>
    public SpaceGrid? Build(IReadOnlyList<int> nodes, IReadOnlyList<double> reaches, double mostPoints)
    {
        var points = new List<double[]>();
        double[] weights = [1];
        for (var gaussian = 0; gaussian < dimensions; gaussian++)
        {
            var breaks = gaussian == 0 ? first ??= LinesAlong(0, points, 1) : LinesAlong(gaussian, points, weights.Length);
            var rule = GaussRules.Legendre(nodes[gaussian]);
            var lines = new List<(int Prefix, double Node, double Weight)>();
            for (var prefix = 0; prefix < weights.Length; prefix++)
            {
                if (breaks[prefix].Breaks.Count > MostBreaks)
                {
                    return null;
                }

                double[] ends = [-reaches[gaussian], .. breaks[prefix].Breaks.Select(at => at.Place).Where(place => Math.Abs(place) < reaches[gaussian]), reaches[gaussian]];
                for (var cell = 0; cell + 1 < ends.Length; cell++)
                {
                    var panels = Math.Max(1, (int)Math.Ceiling((ends[cell + 1] - ends[cell]) / WidestPanel));
                    var width = (ends[cell + 1] - ends[cell]) / panels;
                    for (var panel = 0; panel < panels; panel++)
                    {
                        for (var k = 0; k < rule.Nodes.Length; k++)
                        {
                            var node = ends[cell] + (width * (panel + rule.Nodes[k]));
                            lines.Add((prefix, node, weights[prefix] * width * rule.Weights[k] * Math.Exp(-0.5 * node * node)));
                        }
                    }
                }
            }

            if (lines.Count > mostPoints)
            {
                return null;
            }

            points = [.. points.Select(values => lines.Select(line => values[line.Prefix]).ToArray()), [.. lines.Select(line => line.Node)]];
            weights = [.. lines.Select(line => line.Weight)];
        }

        var total = weights.Sum();
        return new SpaceGrid([.. points], [.. weights.Select(weight => weight / total)]);
    }

    /// <summary>For each argument the last Gaussian that moves it, by trying.</summary>
    private static int[] LastGaussians(KinkField field)
    {
        const int Tries = 96;
        double[][] points = [.. Enumerable.Range(0, field.Gaussians).Select(_ => new double[Tries])];
        double[][] moved = [.. Enumerable.Range(0, field.Gaussians).Select(_ => new double[Tries])];
        for (var gaussian = 0; gaussian < field.Gaussians; gaussian++)
        {
            new Kernels.Philox(1, (ulong)(2 * gaussian)).Normal(points[gaussian]);
            new Kernels.Philox(1, (ulong)((2 * gaussian) + 1)).Normal(moved[gaussian]);
        }

        var last = new int[field.At(points, Tries).Length];
        Array.Fill(last, -1);
        for (var gaussian = 0; gaussian < field.Gaussians; gaussian++)
        {
            var before = field.At(points, Tries);
            double[][] shifted = [.. points];
            shifted[gaussian] = moved[gaussian];
            var after = field.At(shifted, Tries);
            for (var i = 0; i < last.Length; i++)
            {
                last[i] = before[i].AsSpan().SequenceEqual(after[i]) ? last[i] : gaussian;
            }
        }

        return last;
    }

    /// <summary>A line along a Gaussian: how it begins, and where panels have to end on it, in order, each place with what meets there.</summary>
    private sealed record Line(string Start, List<(double Place, string Name)> Breaks)
    {
        /// <summary>What stays the same from line to line as long as nothing meets, comes or goes.</summary>
        public string Name => string.Join(' ', Breaks.Select(some => some.Name).Prepend(Start));
    }

    /// <summary>The lines along a Gaussian, for each choice of the Gaussians before it.</summary>
    private Line[] LinesAlong(int gaussian, IReadOnlyList<double[]> prefixes, int count)
    {
        var step = 2 * SearchReach / Samples;

        // Not at round numbers, where kinks are.
        double[] samples = [.. Enumerable.Range(0, Samples + 1).Select(i => i is 0 or Samples ? -SearchReach + (i * step) : -SearchReach + ((i + (0.31 * Math.Sin(i))) * step))];
        var (roots, signs) = Roots(gaussian, prefixes, samples, count);
        Line[] lines = [.. Enumerable.Range(0, count).Select(prefix => new Line(signs[prefix], Merged(roots[prefix])))];
        return gaussian + 1 < dimensions ? WithCrossings(gaussian, prefixes, samples, lines) : lines;
    }

    /// <summary>Zeros in order, those at the same place as one.</summary>
    private static List<(double Place, string Name)> Merged(List<(double Place, string Name)> roots)
    {
        var merged = new List<(double Place, string Name)>();
        foreach (var (place, name) in roots.OrderBy(root => root.Place).ThenBy(root => root.Name, StringComparer.Ordinal))
        {
            if (merged.Count > 0 && place - merged[^1].Place < SamePlace)
            {
                merged[^1] = (merged[^1].Place, string.Join('+', merged[^1].Name.Split('+').Append(name).Order(StringComparer.Ordinal)));
            }
            else
            {
                merged.Add((place, name));
            }
        }

        return merged;
    }

    /// <summary>The zeros of the arguments that this Gaussian is the last to move, and the signs that they have where the lines begin.</summary>
    private (List<(double Place, string Name)>[] Roots, string[] Signs) Roots(int gaussian, IReadOnlyList<double[]> prefixes, double[] samples, int count)
    {
        List<(double Place, string Name)>[] roots = [.. Enumerable.Range(0, count).Select(_ => new List<(double, string)>())];
        int[] mine = [.. Enumerable.Range(0, lastGaussian.Length).Where(kink => lastGaussian[kink] == gaussian)];
        if (mine.Length == 0)
        {
            return (roots, [.. Enumerable.Repeat(string.Empty, count)]);
        }

        // At the samples, then beside the zeros found: arguments jump there, and may pass 0 again before the next sample.
        List<(double Place, double[] Values)>[] seen = [.. Enumerable.Range(0, count).Select(_ => new List<(double, double[])>())];
        Look([.. Enumerable.Range(0, count).SelectMany(prefix => samples.Select(sample => (prefix, sample)))]);
        string[] signs = [.. seen.Select(line => string.Concat(line[0].Values.Select(value => value > 0 ? '+' : value < 0 ? '-' : '0')))];
        for (var pass = 0; pass < RootPasses; pass++)
        {
            var brackets = NewBrackets();
            if (brackets.Count == 0)
            {
                break;
            }

            for (var open = brackets; open.Count > 0; open = [.. open.Where(bracket => !bracket.IsFound)])
            {
                var found = field.At(Along(prefixes, [.. open.Select(bracket => (bracket.Prefix, bracket.Next))]), open.Count);
                for (var i = 0; i < open.Count; i++)
                {
                    open[i].Take(found[open[i].Kink][i]);
                }
            }

            brackets.ForEach(bracket => roots[bracket.Prefix].Add((bracket.Place, NameOf(bracket.Kink))));
            if (mine.Length > 1)
            {
                Look([.. brackets.SelectMany(bracket => new[] { (bracket.Prefix, bracket.Place - Beside), (bracket.Prefix, bracket.Place + Beside) })]);
            }
        }

        return (roots, signs);

        void Look((int Prefix, double Place)[] places)
        {
            var values = field.At(Along(prefixes, places), places.Length);
            for (var i = 0; i < places.Length; i++)
            {
                seen[places[i].Prefix].Add((places[i].Place, Array.ConvertAll(mine, kink => values[kink][i])));
            }

            foreach (var line in seen)
            {
                line.Sort((x, y) => x.Place.CompareTo(y.Place));
            }
        }

        List<Bracket> NewBrackets()
        {
            var brackets = new List<Bracket>();
            for (var prefix = 0; prefix < count; prefix++)
            {
                for (var i = 0; i + 1 < seen[prefix].Count; i++)
                {
                    var ((left, atLeft), (right, atRight)) = (seen[prefix][i], seen[prefix][i + 1]);
                    for (var k = 0; k < mine.Length; k++)
                    {
                        if (Math.Sign(atLeft[k]) != Math.Sign(atRight[k]) && !roots[prefix].Any(root => root.Place >= left && root.Place <= right && root.Name == NameOf(mine[k])))
                        {
                            brackets.Add(new Bracket(mine[k], prefix, left, right, atLeft[k], atRight[k]));
                        }
                    }
                }
            }

            return brackets;
        }

        static string NameOf(int kink) => kink.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Lines with the places added where the lines along the next Gaussian change their names: two of their breaks meet there, or one comes or goes. Zeros are no such places, the names beside them are compared with those
    /// at the samples.
    /// </summary>
    private Line[] WithCrossings(int gaussian, IReadOnlyList<double[]> prefixes, double[] samples, Line[] lines)
    {
        (int Prefix, double Place, bool IsBeforeZero)[] places = [.. lines.SelectMany((line, prefix) => samples.Select(sample => (prefix, sample, false))
            .Concat(line.Breaks.SelectMany(zero => new[] { (prefix, zero.Place - Beside, true), (prefix, zero.Place + Beside, false) }))
            .OrderBy(at => at.Item2))];
        var names = NamesAt([.. places.Select(at => (at.Prefix, at.Place))]);
        var open = new List<(int Prefix, double Left, double Right, string AtLeft, string AtRight)>();
        for (var i = 0; i + 1 < places.Length; i++)
        {
            if (places[i].Prefix == places[i + 1].Prefix && !places[i].IsBeforeZero && names[i] != names[i + 1])
            {
                open.Add((places[i].Prefix, places[i].Place, places[i + 1].Place, names[i], names[i + 1]));
            }
        }

        for (var pass = 0; pass < CrossingSteps && open.Count > 0; pass++)
        {
            double[] middles = [.. open.Select(bracket => 0.5 * (bracket.Left + bracket.Right))];
            var between = NamesAt([.. open.Select((bracket, i) => (bracket.Prefix, middles[i]))]);
            open = [.. open.SelectMany((bracket, i) => Halved(bracket, middles[i], between[i]))];
        }

        var found = open.ToLookup(bracket => bracket.Prefix, bracket => (Place: 0.5 * (bracket.Left + bracket.Right), Name: bracket.AtLeft + "|" + bracket.AtRight));
        var first = 0;
        return [.. lines.Select((line, prefix) =>
        {
            var start = names[first];
            first += samples.Length + (2 * line.Breaks.Count);
            return new Line(line.Start + ";" + start, [.. line.Breaks.Concat(found[prefix].Where(crossing => line.Breaks.TrueForAll(zero => Math.Abs(zero.Place - crossing.Place) > SamePlace))).OrderBy(some => some.Place)]);
        })];

        string[] NamesAt((int Prefix, double Place)[] at) => Array.ConvertAll(LinesAlong(gaussian + 1, Along(prefixes, at), at.Length), line => line.Name);

        static IEnumerable<(int, double, double, string, string)> Halved((int Prefix, double Left, double Right, string AtLeft, string AtRight) bracket, double middle, string atMiddle)
        {
            if (atMiddle != bracket.AtLeft)
            {
                yield return (bracket.Prefix, bracket.Left, middle, bracket.AtLeft, atMiddle);
            }

            if (atMiddle != bracket.AtRight)
            {
                yield return (bracket.Prefix, middle, bracket.Right, atMiddle, bracket.AtRight);
            }
        }
    }

    /// <summary>Points that continue prefixes by one more Gaussian.</summary>
    private static IReadOnlyList<double[]> Along(IReadOnlyList<double[]> prefixes, (int Prefix, double Place)[] places) =>
        [.. prefixes.Select(values => Array.ConvertAll(places, at => values[at.Prefix])), Array.ConvertAll(places, at => at.Place)];

    /// <summary>An interval at whose ends an argument has different signs. It is narrowed by false position, and by halves where that is slow, as at a jump.</summary>
    private sealed class Bracket(int kink, int prefix, double left, double right, double atLeft, double atRight)
    {
        private const double Narrow = 1e-13;
        private const int MostPasses = 120;
        private double left = left;
        private double right = right;
        private double atLeft = atLeft;
        private double atRight = atRight;
        private int passes;

        public int Kink => kink;

        public int Prefix => prefix;

        public bool IsFound { get; private set; }

        public double Place { get; private set; }

        /// <summary>Where to look next.</summary>
        public double Next
        {
            get
            {
                var middle = 0.5 * (left + right);
                if (atLeft == 0 || atRight == 0 || passes % 3 == 2)
                {
                    return middle;
                }

                // A step beyond the zero of the line through both ends, so that the other end moves too.
                var place = left + ((right - left) * atLeft / (atLeft - atRight));
                var beyond = Math.Max(1e-13, 1e-3 * (right - left) * (passes % 3 == 1 ? 1 : 0));
                return Math.Clamp(place + (place < middle ? beyond : -beyond), left, right);
            }
        }

        public void Take(double value)
        {
            var at = Next;
            if (value == 0 && atLeft != 0 && atRight != 0)
            {
                (Place, IsFound) = (at, true);
                return;
            }

            if (Math.Sign(value) == Math.Sign(atLeft))
            {
                (left, atLeft) = (at, value);
            }
            else
            {
                (right, atRight) = (at, value);
            }

            Place = 0.5 * (left + right);
            IsFound = right - left < Narrow || ++passes >= MostPasses;
        }
    }
}
