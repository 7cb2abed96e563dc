using System.Collections.Concurrent;
using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Functions Σ_u K(·, u) c_u of one input, over all samples u that any of them was ever moved by: exact, and no larger than the data, however long the training. Where K is affine in x·x̄ the functions are
/// affine in x, and their weights Σ_u c_u u take the place of the samples. Results don't depend on the number of threads.
/// </summary>
/// <typeparam name="T">The precision of inner products; all else is double.</typeparam>
internal sealed class SampleFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Family[] families;
    private readonly DistinctSamples<T> samples;
    private readonly ConcurrentBag<Scratch> scratches = [];

    /// <param name="size">Numbers of a sample.</param>
    /// <param name="kernels">K of each family of functions, and how many numbers its functions have.</param>
    /// <param name="states">How many functions a family has.</param>
    public SampleFunctions(int size, IReadOnlyList<(TangentRows Kernel, int Numbers)> kernels, int states)
    {
        samples = new(size);
        families = [.. kernels.Select(kernel => new Family(kernel.Kernel, kernel.Numbers, states, size))];
    }

    /// <summary>How many distinct samples the functions are made of.</summary>
    public int Count => samples.Count;

    /// <summary>Numbers of a sample.</summary>
    public int Size => samples.Size;

    /// <summary>Functions with one kernel. Coefficients: for each state and block, numbers × samples; of an affine kernel, numbers × (size + 1).</summary>
    private sealed class Family(TangentRows kernel, int numbers, int states, int size)
    {
        public TangentRows Kernel => kernel;

        public int Numbers => numbers;

        public (double Slope, double Constant)? Affine { get; } = kernel.Affine;

        /// <summary>For each block and layer, the samples' variances.</summary>
        public List<double[][]> Variances { get; } = [];

        public List<double[]>[] Coefficients { get; } = [.. Enumerable.Range(0, states).Select(_ => new List<double[]>())];

        public double[][] Weights { get; } = [.. Enumerable.Range(0, states).Select(_ => new double[numbers * (size + 1)])];

        public bool IsZero(int state) => Affine is null ? Coefficients[state].Count == 0 : Weights[state].All(weight => weight == 0);
    }

    private sealed record Scratch(T[] Products, double[] Row, TangentRows.Workspace[] Workspaces);

    /// <summary>Adds Σ_u K(·, u) c_u to a function.</summary>
    /// <param name="family">Which kernel.</param>
    /// <param name="state">Which function.</param>
    /// <param name="sample">u.</param>
    /// <param name="coefficients">c_u.</param>
    public void Move(int family, int state, ReadOnlySpan<double> sample, ReadOnlySpan<double> coefficients)
    {
        var own = families[family];
        if (own.Affine is not null)
        {
            for (var c = 0; c < own.Numbers; c++)
            {
                var row = own.Weights[state].AsSpan(c * (Size + 1), Size + 1);
                TensorPrimitives.MultiplyAdd(sample, coefficients[c], row[..Size], row[..Size]);
                row[^1] += coefficients[c];
            }

            return;
        }

        var number = Know(sample);
        var blocks = own.Coefficients[state];
        while (blocks.Count <= number / DistinctSamples<T>.Block)
        {
            blocks.Add(new double[own.Numbers * DistinctSamples<T>.Block]);
        }

        for (var c = 0; c < own.Numbers; c++)
        {
            blocks[number / DistinctSamples<T>.Block][(c * DistinctSamples<T>.Block) + (number % DistinctSamples<T>.Block)] += coefficients[c];
        }
    }

    /// <summary>Makes a sample one of those that functions are made of.</summary>
    public int Know(ReadOnlySpan<double> sample)
    {
        var before = samples.Count;
        var number = samples.Add(sample);
        if (samples.Count > before)
        {
            foreach (var family in families)
            {
                if (number % DistinctSamples<T>.Block == 0)
                {
                    family.Variances.Add([.. Enumerable.Range(0, family.Kernel.Layers).Select(_ => new double[DistinctSamples<T>.Block])]);
                }

                var variances = family.Kernel.Variances(samples.SquaredNorm(number));
                for (var layer = 0; layer < variances.Length; layer++)
                {
                    family.Variances[^1][layer][number % DistinctSamples<T>.Block] = variances[layer];
                }
            }
        }

        return number;
    }

    /// <summary>Whether moves of this family keep samples.</summary>
    public bool KeepsSamples(int family) => families[family].Affine is null;

    /// <summary>Each of some functions ← Σ coefficient · functions, all of them as they were before.</summary>
    public void Combine(int family, IReadOnlyList<(int State, IReadOnlyList<(int State, double Coefficient)> Terms)> changes)
    {
        var own = families[family];
        var made = changes.Where(change => change.Terms is not [(var same, 1.0)] || same != change.State).Select(change =>
        {
            var blocks = change.Terms.Select(term => own.Coefficients[term.State].Count).DefaultIfEmpty().Max();
            return (
                change.State,
                Weights: Sum([.. change.Terms.Select(term => (own.Weights[term.State], term.Coefficient))], own.Weights[change.State].Length),
                Blocks: Enumerable.Range(0, blocks).Select(block => Sum(
                    [.. change.Terms.Where(term => block < own.Coefficients[term.State].Count).Select(term => (own.Coefficients[term.State][block], term.Coefficient))],
                    own.Numbers * DistinctSamples<T>.Block)).ToList());
        }).ToList();
        foreach (var (state, weights, blocks) in made)
        {
            (own.Weights[state], own.Coefficients[state]) = (weights, blocks);
        }

        static double[] Sum(List<(double[] Numbers, double Coefficient)> terms, int length)
        {
            var sum = new double[length];
            foreach (var (numbers, coefficient) in terms)
            {
                TensorPrimitives.MultiplyAdd(numbers, coefficient, sum, sum);
            }

            return sum;
        }
    }

    /// <summary>All numbers of a function.</summary>
    public double[] Save(int family, int state) => families[family].Affine is null
        ? [.. families[family].Coefficients[state].SelectMany(block => block)]
        : [.. families[family].Weights[state]];

    /// <summary>A function as it was saved; its samples are known.</summary>
    public void Restore(int family, int state, double[] numbers)
    {
        var own = families[family];
        if (own.Affine is null)
        {
            own.Coefficients[state] = [.. numbers.Chunk(own.Numbers * DistinctSamples<T>.Block)];
        }
        else
        {
            own.Weights[state] = [.. numbers];
        }
    }

    /// <summary>All functions at some points: for each family and state, the points' numbers.</summary>
    /// <param name="points">Points × size.</param>
    public double[][][] At(double[] points)
    {
        var count = points.Length / Size;
        var results = families.Select(family => Enumerable.Range(0, family.Coefficients.Length).Select(_ => new double[count * family.Numbers]).ToArray()).ToArray();
        foreach (var (family, values) in families.Zip(results).Where(pair => pair.First.Affine is not null))
        {
            Linear(family, points, count, values);
        }

        var blocks = families.SelectMany(family => family.Coefficients).Max(state => state.Count);
        if (blocks == 0)
        {
            return results;
        }

        var rows = new T[points.Length];
        DistinctSamples<T>.Convert(points, rows);
        int[] numbers = [.. Enumerable.Range(0, count).Select(i => samples.Find(points.AsSpan(i * Size, Size)))];
        var variances = families.Select(family => Enumerable.Range(0, count).Select(i => family.Kernel.Variances(DistinctSamples<T>.Dot(points.AsSpan(i * Size, Size)))).ToArray()).ToArray();
        var parts = new double[blocks][][][];
        WorkSharing.Run(blocks, block =>
        {
            if (!scratches.TryTake(out var scratch) || scratch.Products.Length < count * DistinctSamples<T>.Block)
            {
                scratch = new Scratch(new T[count * DistinctSamples<T>.Block], new double[DistinctSamples<T>.Block], [.. families.Select(family => new TangentRows.Workspace(family.Kernel, DistinctSamples<T>.Block))]);
            }

            parts[block] = OfBlock(block, rows, count, numbers, variances, scratch);
            scratches.Add(scratch);
        });

        // In the order of the blocks, whichever was ready first.
        foreach (var part in parts)
        {
            for (var f = 0; f < families.Length; f++)
            {
                for (var state = 0; state < results[f].Length; state++)
                {
                    TensorPrimitives.Add(results[f][state], part[f][state], results[f][state]);
                }
            }
        }

        return results;
    }

    private double[][][] OfBlock(int block, T[] rows, int count, int[] numbers, double[][][] variances, Scratch scratch)
    {
        var length = samples.InBlock(block);
        var products = scratch.Products.AsSpan(0, count * length);
        Gemm.Multiply(false, true, count, length, Size, T.One, rows, Size, samples.Rows(block), Size, T.Zero, products, length);
        var results = families.Select(family => family.Coefficients.Select(_ => new double[count * family.Numbers]).ToArray()).ToArray();
        var row = scratch.Row.AsSpan(0, length);
        for (var f = 0; f < families.Length; f++)
        {
            var family = families[f];
            int[] moved = [.. Enumerable.Range(0, results[f].Length).Where(state => block < family.Coefficients[state].Count)];
            if (family.Affine is not null || moved.Length == 0)
            {
                continue;
            }

            ReadOnlyMemory<double>[] others = [.. family.Variances[block].Select(layer => (ReadOnlyMemory<double>)layer)];
            for (var i = 0; i < count; i++)
            {
                for (var j = 0; j < length; j++)
                {
                    row[j] = double.CreateTruncating(products[(i * length) + j]);
                }

                // The angle between a sample and itself is 0, whatever rounding says.
                if (numbers[i] / DistinctSamples<T>.Block == block && numbers[i] >= 0)
                {
                    row[numbers[i] % DistinctSamples<T>.Block] = samples.SquaredNorm(numbers[i]);
                }

                family.Kernel.Fill(variances[f][i], others, row, scratch.Workspaces[f]);
                foreach (var state in moved)
                {
                    var coefficients = family.Coefficients[state][block];
                    for (var c = 0; c < family.Numbers; c++)
                    {
                        results[f][state][(i * family.Numbers) + c] = TensorPrimitives.Dot(row, coefficients.AsSpan(c * DistinctSamples<T>.Block, length));
                    }
                }
            }
        }

        return results;
    }

    private void Linear(Family family, double[] points, int count, double[][] values)
    {
        var (slope, constant) = family.Affine!.Value;
        for (var state = 0; state < values.Length; state++)
        {
            if (family.IsZero(state))
            {
                continue;
            }

            for (var i = 0; i < count; i++)
            {
                for (var c = 0; c < family.Numbers; c++)
                {
                    var weights = family.Weights[state].AsSpan(c * (Size + 1), Size + 1);
                    values[state][(i * family.Numbers) + c] = (slope * TensorPrimitives.Dot(points.AsSpan(i * Size, Size), weights[..^1])) + (constant * weights[^1]);
                }
            }
        }
    }

    /// <summary>K between points.</summary>
    /// <param name="family">Which K.</param>
    /// <param name="points">Points × size.</param>
    /// <param name="others">Others × size.</param>
    /// <returns>Points × others.</returns>
    public double[] Gram(int family, ReadOnlySpan<double> points, ReadOnlySpan<double> others)
    {
        var (n, m) = (points.Length / Size, others.Length / Size);
        var gram = new double[n * m];
        Gemm.Multiply(false, true, n, m, Size, 1.0, points, Size, others, Size, 0.0, gram, m);
        var kernel = families[family].Kernel;
        var columns = Enumerable.Range(0, kernel.Layers).Select(_ => new double[m]).ToArray();
        for (var j = 0; j < m; j++)
        {
            var own = kernel.Variances(DistinctSamples<T>.Dot(others.Slice(j * Size, Size)));
            for (var layer = 0; layer < own.Length; layer++)
            {
                columns[layer][j] = own[layer];
            }
        }

        ReadOnlyMemory<double>[] memories = [.. columns.Select(column => (ReadOnlyMemory<double>)column)];
        TangentRows.Workspace workspace = new(kernel, m);
        for (var i = 0; i < n; i++)
        {
            var point = points.Slice(i * Size, Size);
            var row = gram.AsSpan(i * m, m);
            var norm = DistinctSamples<T>.Dot(point);
            for (var j = 0; j < m; j++)
            {
                row[j] = point.SequenceEqual(others.Slice(j * Size, Size)) ? norm : row[j];
            }

            kernel.Fill(kernel.Variances(norm), memories, row, workspace);
        }

        return gram;
    }
}
