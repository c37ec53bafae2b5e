using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Groups.Classic;

namespace OrleansStream.Server.Hosting;

/// <summary>Refuses wrong settings when the host starts, each by its full name.</summary>
internal sealed class OrleansStreamServerOptionsValidator(IConfiguration? configuration = null) : IValidateOptions<OrleansStreamServerOptions>
{
    private const int MinBudgetBytes = 2 * ProtocolLimits.MaxRecordBytes;

    private const int MaxMovesAtOnce = 1000;

    private static readonly HashSet<string> s_names =
        typeof(OrleansStreamServerOptions).GetProperties().Select(property => property.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public ValidateOptionsResult Validate(string? name, OrleansStreamServerOptions options)
    {
        var problems = new List<string>();
        CheckNames(problems);
        CheckText(problems, nameof(options.DataPath), options.DataPath);
        CheckText(problems, nameof(options.ClusterId), options.ClusterId);
        CheckText(problems, nameof(options.ServiceId), options.ServiceId);
        CheckPort(problems, nameof(options.SiloPort), options.SiloPort);
        CheckPort(problems, nameof(options.GatewayPort), options.GatewayPort);
        if (options.SiloPort == options.GatewayPort)
        {
            problems.Add($"{Full(nameof(options.GatewayPort))} must differ from {Full(nameof(options.SiloPort))}; both are {options.SiloPort}.");
        }

        if (!IPAddress.TryParse(options.AdvertisedAddress, out _))
        {
            problems.Add($"{Full(nameof(options.AdvertisedAddress))} is an IP address, such as 127.0.0.1, not '{options.AdvertisedAddress}'.");
        }

        CheckTime(problems, nameof(options.PartitionIdleTimeout), options.PartitionIdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30));
        CheckTime(problems, nameof(options.PartitionCloseTimeout), options.PartitionCloseTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        CheckTime(problems, nameof(options.RetentionInterval), options.RetentionInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        CheckTime(problems, nameof(options.MoveSettleTime), options.MoveSettleTime, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        if (options.MaxMovesAtOnce is < 1 or > MaxMovesAtOnce)
        {
            problems.Add($"{Full(nameof(options.MaxMovesAtOnce))} is a number from 1 to {MaxMovesAtOnce}, not {options.MaxMovesAtOnce}.");
        }

        CheckTime(problems, nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        CheckBudget(problems, nameof(options.MaxProduceBytesInHand), options.MaxProduceBytesInHand);
        CheckBudget(problems, nameof(options.MaxFetchBytesInHand), options.MaxFetchBytesInHand);
        CheckClassicGroups(problems, options.ClassicGroups);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckClassicGroups(List<string> problems, ClassicGroupOptions groups)
    {
        const string Section = nameof(OrleansStreamServerOptions.ClassicGroups);
        var longest = TimeSpan.FromDays(1);
        CheckTime(problems, $"{Section}:{nameof(groups.InitialRebalanceDelay)}", groups.InitialRebalanceDelay, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        CheckTime(problems, $"{Section}:{nameof(groups.MinSessionTimeout)}", groups.MinSessionTimeout, GroupLimits.MinClassicSession, longest);
        CheckTime(problems, $"{Section}:{nameof(groups.MaxSessionTimeout)}", groups.MaxSessionTimeout, groups.MinSessionTimeout, longest);
        if (groups.MaxMembers is < 1 or > GroupLimits.MaxMembers)
        {
            problems.Add($"{Full($"{Section}:{nameof(groups.MaxMembers)}")} is a number from 1 to {GroupLimits.MaxMembers}, not {groups.MaxMembers}.");
        }
    }

    /// <summary>A misspelt name would leave the default in force without a word. Subsections belong to other parts, which check them.</summary>
    private void CheckNames(List<string> problems)
    {
        var settings = configuration?.GetSection(OrleansStreamServerOptions.SectionName).GetChildren() ?? [];
        problems.AddRange(settings
            .Where(setting => setting.Value is not null && !s_names.Contains(setting.Key))
            .Select(setting => $"There is no setting {setting.Path}; settings: {string.Join(", ", s_names)}."));
    }

    private static void CheckText(List<string> problems, string name, string? value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            problems.Add($"{Full(name)} must not be empty.");
        }
    }

    private static void CheckPort(List<string> problems, string name, int value)
    {
        if (value is < 1 or > 65535)
        {
            problems.Add($"{Full(name)} is a port from 1 to 65535, not {value}.");
        }
    }

    private static void CheckTime(List<string> problems, string name, TimeSpan value, TimeSpan min, TimeSpan max)
    {
        if (value < min || value > max)
        {
            problems.Add($"{Full(name)} is a time from {min} to {max}, not {value}.");
        }
    }

    private static void CheckBudget(List<string> problems, string name, long value)
    {
        if (value < MinBudgetBytes)
        {
            problems.Add($"{Full(name)} is at least {MinBudgetBytes} bytes, not {value}: two of the largest requests must fit.");
        }
    }

    private static string Full(string name) => $"{OrleansStreamServerOptions.SectionName}:{name}";
}
