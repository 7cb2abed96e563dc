namespace TpCompiler.Cli.Data;

/// <summary>
/// Bilinear resizing with antialiasing, as the Python Imaging Library's BILINEAR does it: along each axis a triangle about the centre of the new pixel, one old pixel wide on each side, or one
/// new pixel when the picture shrinks; weights of pixels outside the picture go to those inside. Numbers aren't rounded to bytes on the way.
/// </summary>
internal static class Resampling
{
    /// <param name="pixels">Row by row, <paramref name="height"/> × <paramref name="width"/>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="newHeight">Rows of the result.</param>
    /// <param name="newWidth">Columns of the result.</param>
    public static double[] Resize(double[] pixels, int height, int width, int newHeight, int newWidth)
    {
        (int First, double[] Weights)[] columns = [.. Enumerable.Range(0, newWidth).Select(column => Triangle(width, newWidth, column))];
        double[] narrow = new double[height * newWidth];
        for (int i = 0; i < narrow.Length; i++)
        {
            (int first, double[] weights) = columns[i % newWidth];
            narrow[i] = Sum(pixels, (i / newWidth * width) + first, 1, weights);
        }

        double[] result = new double[newHeight * newWidth];
        for (int row = 0; row < newHeight; row++)
        {
            (int first, double[] weights) = Triangle(height, newHeight, row);
            for (int column = 0; column < newWidth; column++)
            {
                result[(row * newWidth) + column] = Sum(narrow, (first * newWidth) + column, newWidth, weights);
            }
        }

        return result;
    }

    /// <summary>The old pixels that a new one is made of, from which on, and their weights, of sum 1.</summary>
    private static (int First, double[] Weights) Triangle(int size, int newSize, int position)
    {
        double scale = (double)size / newSize;
        double support = Math.Max(scale, 1);
        double centre = (position + 0.5) * scale;
        int first = Math.Max(0, (int)Math.Floor(centre - support));
        int end = Math.Min(size, (int)Math.Ceiling(centre + support));
        double[] weights = [.. Enumerable.Range(first, end - first).Select(pixel => Math.Max(0, 1 - (Math.Abs(pixel + 0.5 - centre) / support)))];
        double sum = weights.Sum();
        return (first, [.. weights.Select(weight => weight / sum)]);
    }

    private static double Sum(double[] pixels, int start, int step, double[] weights)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += weights[i] * pixels[start + (i * step)];
        }

        return sum;
    }
}
