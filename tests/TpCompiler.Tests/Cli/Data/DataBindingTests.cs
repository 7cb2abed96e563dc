using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Cli.Data;

public sealed class DataBindingTests
{
    [Fact]
    public void Columns_are_shared_out_to_inputs_and_targets()
    {
        (Network network, TrainingPlan plan) = SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 2, batch: 2);

        DataBinding binding = DataBinding.Bind(network, plan, new Samples(3, 2, [1, 2, 3, 4, 5, 6], 1, [7, 8, 9]), labels: false, new DiagnosticBag())!;

        Assert.Equal(new Needs(2, 1, null), DataBinding.NeedsOf(network, plan, labels: false));
        Assert.Equal([1, 2, 3, 4, 5, 6], binding.Fields["x"]);
        Assert.Equal([7, 8, 9], binding.Fields["y"]);
        Assert.Equal((2, 2), (binding.AxisSizes["batch"], binding.AxisSizes["input"]));
    }

    [Fact]
    public void What_the_network_leaves_open_the_data_decides()
    {
        (Network network, TrainingPlan plan) = Open(SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 2, batch: 2), "input", "batch");

        DataBinding binding = DataBinding.Bind(network, plan with { BatchSize = null }, new Samples(2, 3, new double[6], 1, [0, 1]), labels: false, new DiagnosticBag())!;

        Assert.Null(DataBinding.NeedsOf(network, plan, labels: false).InputSize);
        Assert.Equal((2, 3), (binding.AxisSizes["batch"], binding.AxisSizes["input"]));
    }

    [Fact]
    public void Targets_of_an_open_size_share_the_columns_with_the_inputs()
    {
        var compilation = Compilation.Compile(new SourceText("auto.tp", "network auto(x : [d]) { width n weight U : [n, d] weight V : [d, n] return V * tanh(U * x) } parametrization mup train { loss mse optimizer sgd(lr: 1) steps 1 }"));
        (Network network, TrainingPlan plan) = (compilation.Network!, compilation.TrainingPlan!);

        DataBinding binding = DataBinding.Bind(network, plan, new Samples(2, 3, [1, 2, 3, 5, 6, 7], 1, [4, 8]), labels: false, new DiagnosticBag())!;

        Assert.Equal([1, 2, 5, 6], binding.Fields["x"]);
        Assert.Equal([3, 4, 7, 8], binding.Fields["y"]);
        DiagnosticBag diagnostics = new();
        Assert.Null(DataBinding.Bind(network, plan, new Samples(1, 2, [1, 2], 1, [3]), labels: false, diagnostics));
        Assert.Equal("TP0603", Assert.Single(diagnostics).Code);
    }

    [Fact]
    public void The_number_of_a_class_becomes_a_one_among_zeros()
    {
        (Network network, TrainingPlan plan) = SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 1, batch: 2, outputs: 3);

        DataBinding binding = DataBinding.Bind(network, plan, new Samples(2, 1, [5, 6], 1, [2, 0]), labels: true, new DiagnosticBag())!;

        Assert.Equal(new Needs(1, 1, 3), DataBinding.NeedsOf(network, plan, labels: true));
        Assert.Equal([0, 0, 1, 1, 0, 0], binding.Fields["y"]);
    }

    [Fact]
    public void Several_inputs_take_their_columns_in_order_and_one_of_them_may_be_open()
    {
        (Network network, TrainingPlan plan) = Open(SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 2, batch: 1), "input");
        Network two = network with
        {
            Inputs = [new Instruction.Data(new Definition("s", [new IndexBinder("b", "batch")], []), "s"), .. network.Inputs],
        };

        DataBinding binding = DataBinding.Bind(two, plan, new Samples(2, 3, [1, 2, 3, 4, 5, 6], 1, [0, 0]), labels: false, new DiagnosticBag())!;

        Assert.Equal([1, 4], binding.Fields["s"]);
        Assert.Equal([2, 3, 5, 6], binding.Fields["x"]);
        Assert.Equal(2, binding.AxisSizes["input"]);
    }

    private static (Network Network, TrainingPlan Plan) Open((Network Network, TrainingPlan Plan) sample, params string[] axes) => (
        sample.Network with { Axes = sample.Network.Axes.Select(axis => axes.Contains(axis.Name) ? axis with { Size = null } : axis).ToValueList() },
        sample.Plan);
}
