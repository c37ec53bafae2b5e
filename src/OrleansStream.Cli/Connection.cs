using System.CommandLine;
using OrleansStream.Client;

namespace OrleansStream.Cli;

/// <summary>Connects as the command line says.</summary>
internal static class Connection
{
    public static async Task<OrleansStreamClient> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            return await OrleansStreamClient.ConnectAsync(
                parsed.GetRequiredValue(CommonOptions.Connect),
                options =>
                {
                    options.ClusterId = parsed.GetRequiredValue(CommonOptions.ClusterId);
                    options.ServiceId = parsed.GetRequiredValue(CommonOptions.ServiceId);
                },
                cancellationToken);
        }
        catch (ArgumentException e)
        {
            // The message of an argument exception ends with the parameter's name, which is not the user's business.
            var end = e.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
            throw new CommandException(end < 0 ? e.Message : e.Message[..end], ExitCode.Usage);
        }
    }
}
