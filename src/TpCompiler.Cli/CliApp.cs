using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using TpCompiler.Cli.Commands;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli;

/// <summary>The command line as a function: arguments and a terminal in, an exit code out. It never throws.</summary>
public static class CliApp
{
    public static int Run(string[] arguments, TextWriter output, TextWriter error) => Run(arguments, new Terminal(output, error));

    public static int Run(string[] arguments, Terminal terminal)
    {
        try
        {
            CommonOptions common = new(terminal);
            RootCommand root = new("The Symbolic Tensor Program compiler: from a network and its training to their infinite-width limit.")
            {
                new CompileCommand(common),
                new RunCommand(common),
                new CheckCommand(common),
                new MupCommand(common),
                new ExplainCommand(common),
            };
            foreach (Option option in common.All)
            {
                root.Options.Add(option);
            }

            ParseResult parsed = root.Parse(arguments);
            if (parsed.Action is ParseErrorAction || (parsed.Action is null && parsed.Errors.Count == 0))
            {
                return Usage(parsed, root, terminal);
            }

            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e)
        {
            return Bug(e, terminal);
        }
        finally
        {
            terminal.Output.Flush();
        }
    }

    private static int Usage(ParseResult parsed, RootCommand root, Terminal terminal)
    {
        Command command = parsed.CommandResult.Command;
        string name = command == root ? "tpc" : $"tpc {command.Name}";
        if (command == root && parsed.Tokens.Count == 0)
        {
            terminal.Error.Write("error: which command?\n");
        }
        else if (command == root && parsed.UnmatchedTokens is [string unknown, ..])
        {
            string? suggestion = Spelling.Suggest(unknown, root.Subcommands.Select(c => c.Name));
            string guess = suggestion is null ? "" : $"; did you mean `{suggestion}`?";
            terminal.Error.Write($"error: there is no command `{unknown}`{guess}\n");
        }
        else
        {
            foreach (ParseError error in parsed.Errors)
            {
                terminal.Error.Write($"error: {Message(error)}\n");
            }
        }

        terminal.Error.Write($"`{name} --help` says what there is\n");
        return ExitCode.Usage;
    }

    /// <summary>What the library says, in one line; of a value that it can't read it would name the type that it read it as.</summary>
    private static string Message(ParseError error) =>
        error.SymbolResult is OptionResult { Option: var option, Tokens: [.., var token] } && error.Message.StartsWith("Cannot parse", StringComparison.Ordinal)
            ? $"{option.Name} takes {(option.ValueType == typeof(double) ? "a number" : "a whole number")}, not '{token.Value}'"
            : string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static int Bug(Exception exception, Terminal terminal)
    {
        Diagnostic diagnostic = Diagnostic.Create(Codes.InternalError, null, $"{exception.GetType().Name}: {exception.Message}");
        bool debug = terminal.Variable("TPC_DEBUG") is { Length: > 0 };
        try
        {
            new TextRenderer(terminal.Error).Render(debug
                ? diagnostic
                : diagnostic.WithHelp("please report it with the program that led to it; TPC_DEBUG=1 in the environment shows where it is"));
            if (debug)
            {
                terminal.Error.Write(exception + "\n");
            }
        }
        catch (IOException)
        {
            // Nobody reads standard error any more; the exit code is all that is left to say.
        }

        return ExitCode.Bug;
    }
}
