using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli;

/// <summary>The options that several commands share, with one meaning everywhere.</summary>
internal static class CommonOptions
{
    private const string ConnectVariable = "OSTREAM_CONNECT";
    private const string DefaultServers = "127.0.0.1:30000";

    public static Option<string> Connect { get; } = new("--connect", "-c")
    {
        Description = $"Gateways of one or more silos; {ConnectVariable} stands in for it",
        HelpName = "HOST:PORT[,HOST:PORT]",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(ConnectVariable) is { Length: > 0 } servers ? servers : DefaultServers,
    };

    public static Option<string> ClusterId { get; } = new("--cluster-id")
    {
        Description = "The cluster's id, where silos were configured with another one than the default",
        HelpName = "ID",
        Recursive = true,
        DefaultValueFactory = _ => "orleansstream",
    };

    public static Option<string> ServiceId { get; } = new("--service-id")
    {
        Description = "The service's id, where silos were configured with another one than the default",
        HelpName = "ID",
        Recursive = true,
        DefaultValueFactory = _ => "orleansstream",
    };

    public static Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "table, or json for programs",
        HelpName = "table|json",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Enum.TryParse<OutputFormat>(text, ignoreCase: true, out var format) && Enum.IsDefined(format))
            {
                return format;
            }

            result.AddError($"--output is 'table' or 'json', not '{text}'.");
            return default;
        },
    };

    /// <summary>An option for partition numbers; it may be repeated.</summary>
    public static Option<int[]> Partitions(string description) => new("--partition", "-p")
    {
        Description = $"{description}; may be repeated",
        HelpName = "N",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. result.Tokens.Select(token => ParsePartition(token.Value, result))],
    };

    /// <summary>An option for a single partition.</summary>
    public static Option<int?> Partition(string description) => new("--partition", "-p")
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => ParsePartition(result.Tokens[0].Value, result),
    };

    private static int ParsePartition(string text, ArgumentResult result)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            result.AddError($"--partition is a number from 0, not '{text}'.");
        }

        return number;
    }

    /// <summary>An option for a time like 500ms, 30s, 2m or 1h; a bare number counts seconds.</summary>
    public static Option<TimeSpan> Duration(string name, string description, TimeSpan defaultValue) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!Quantity.TryParseDuration(text, out var duration))
            {
                result.AddError($"{name} is a time like 500ms, 30s, 2m or 1h, not '{text}'.");
            }

            return duration;
        },
    };

    /// <summary>An option for a whole number within limits, which also may be written like 10_000, 64k or 1m.</summary>
    public static Option<long> Count(string name, string description, long defaultValue, long min, long max) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!Quantity.TryParseCount(text, out var count) || count < min || count > max)
            {
                result.AddError($"{name} is a whole number from {min} to {max}, not '{text}'.");
            }

            return count;
        },
    };
}
