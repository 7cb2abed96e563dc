using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>
/// SGD on f(ξ) = v·tanh(W tanh(U ξ)), with U n × d, W n × n, v n and the loss mean over the batch of ½(f − y)², straight on the kernels.
/// What compare/ has PyTorch and NumPy do too, from the same start.
/// </summary>
internal sealed class TwoHiddenLayerStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int width;
    private readonly int batch;
    private readonly T rate;
    private readonly PanelMatrix<T> inputWeights;
    private readonly PanelMatrix<T> hiddenWeights;
    private readonly T[] outputWeights;
    private readonly T[] inputs;
    private readonly T[] targets;
    private readonly T[] errors;
    private readonly T[] x1;
    private readonly T[] x2;
    private readonly T[] dh1;
    private readonly T[] dh2;
    private readonly T[] scratch;

    public TwoHiddenLayerStep(int width, int inputDimension, int batch, double rate)
    {
        this.width = width;
        this.batch = batch;
        this.rate = T.CreateChecked(rate);
        inputWeights = PanelMatrix<T>.FromRowMajor(Start(width * inputDimension, 1, 1 / Math.Sqrt(inputDimension)), width, inputDimension);
        hiddenWeights = PanelMatrix<T>.FromRowMajor(Start(width * width, 2, 1 / Math.Sqrt(width)), width, width);
        outputWeights = Start(width, 3, 1 / Math.Sqrt(width));
        inputs = Start(batch * inputDimension, 4, 1);
        targets = Start(batch, 5, 1);
        errors = new T[batch];
        x1 = new T[batch * width];
        x2 = new T[batch * width];
        dh1 = new T[batch * width];
        dh2 = new T[batch * width];
        scratch = new T[batch * width];
    }

    /// <summary>One step; gives the loss before it.</summary>
    public double Step()
    {
        inputWeights.Forward(inputs, scratch, batch);
        Elementwise.Tanh<T>(scratch, x1);
        hiddenWeights.Forward(x1, scratch, batch);
        Elementwise.Tanh<T>(scratch, x2);
        double loss = 0;
        for (int b = 0; b < batch; b++)
        {
            T error = LinearCombination.Dot<T>(outputWeights, Row(x2, b)) - targets[b];
            loss += double.CreateChecked(error * error) / (2 * batch);
            errors[b] = error / T.CreateChecked(batch);
        }

        WorkSharing.Run(batch, b =>
        {
            Span<T> slope = Row(dh2, b);
            Slope(Row(x2, b), slope);
            TensorPrimitives.Multiply(slope, outputWeights, slope);
            TensorPrimitives.Multiply(slope, errors[b], slope);
        });
        for (int b = 0; b < batch; b++)
        {
            LinearCombination.Axpy(-rate * errors[b], Row(x2, b), outputWeights);
        }

        hiddenWeights.TransposedAndUpdate(dh2, scratch, batch, T.One, -rate, dh2, x1, batch);
        WorkSharing.Run(batch, b =>
        {
            Slope(Row(x1, b), Row(dh1, b));
            TensorPrimitives.Multiply(Row(dh1, b), Row(scratch, b), Row(dh1, b));
        });
        inputWeights.RankUpdate(T.One, -rate, dh1, inputs, batch);
        return loss;
    }

    /// <summary>1 − tanh².</summary>
    private static void Slope(ReadOnlySpan<T> tanh, Span<T> slope)
    {
        TensorPrimitives.Multiply(tanh, tanh, slope);
        TensorPrimitives.Subtract(T.One, slope, slope);
    }

    /// <summary>Numbers that any language writes in a line: spread over (−√3, √3), hence of variance 1, times a scale.</summary>
    private static T[] Start(int length, int salt, double scale)
    {
        var values = new T[length];
        for (long i = 0; i < length; i++)
        {
            double unit = (((i * i * 31) + (i * 1009) + (salt * 7919)) % 100003) / 100003.0;
            values[i] = T.CreateChecked((unit - 0.5) * Math.Sqrt(12) * scale);
        }

        return values;
    }

    private Span<T> Row(T[] vectors, int b) => vectors.AsSpan(b * width, width);
}
