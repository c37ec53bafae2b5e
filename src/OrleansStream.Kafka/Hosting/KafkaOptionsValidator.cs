using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Transport;

namespace OrleansStream.Kafka.Hosting;

/// <summary>Refuses wrong settings when the host starts, each by its full name.</summary>
internal sealed class KafkaOptionsValidator(IConfiguration? configuration = null) : IValidateOptions<KafkaOptions>
{
    private static readonly HashSet<string> s_names = typeof(KafkaOptions).GetProperties().Select(property => property.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public ValidateOptionsResult Validate(string? name, KafkaOptions options)
    {
        var problems = new List<string>();
        var settings = configuration?.GetSection(KafkaOptions.SectionName).GetChildren() ?? [];
        problems.AddRange(settings.Where(setting => !s_names.Contains(setting.Key)).Select(setting => $"There is no setting {setting.Path}; settings: {string.Join(", ", s_names)}."));
        Check(problems, nameof(options.Port), options.Port, 1, ushort.MaxValue);
        Check(problems, nameof(options.AdvertisedPort), options.AdvertisedPort ?? options.Port, 1, ushort.MaxValue);
        if (options.Address is { } address && !IPAddress.TryParse(address, out _))
        {
            problems.Add($"{Full(nameof(options.Address))} is an IP address, such as 0.0.0.0, not '{address}'.");
        }

        if (options.AdvertisedHost is { } host && (string.IsNullOrWhiteSpace(host) || Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            problems.Add($"{Full(nameof(options.AdvertisedHost))} is a host name or an IP address that clients can reach, not '{host}'.");
        }

        Check(problems, nameof(options.DefaultPartitions), options.DefaultPartitions, 1, ProtocolLimits.MaxPartitionsPerTopic);
        Check(problems, nameof(options.MaxRequestBytes), options.MaxRequestBytes, ProtocolLimits.DefaultMaxBatchBytes, 1024 * 1024 * 1024);
        Check(problems, nameof(options.MaxControlRequestBytes), options.MaxControlRequestBytes, 64 * 1024, 1024 * 1024 * 1024);
        Check(problems, nameof(options.MaxBytesInHand), options.MaxBytesInHand, options.MaxRequestBytes, long.MaxValue);
        Check(problems, nameof(options.MaxConnectionBytesInHand), options.MaxConnectionBytesInHand, 1024 * 1024, options.MaxBytesInHand);
        Check(problems, nameof(options.MaxParsedBytesInHand), options.MaxParsedBytesInHand, ParseRoom.MaxBytes, long.MaxValue);
        Check(problems, nameof(options.MaxConnectionRequestsInHand), options.MaxConnectionRequestsInHand, 1, 1_000_000);
        Check(problems, nameof(options.MaxFetchBytes), options.MaxFetchBytes, 64 * 1024, ProtocolLimits.MaxRecordBytes);
        Check(problems, nameof(options.MaxAnswerBytesInHand), options.MaxAnswerBytesInHand, options.MaxFetchBytes, long.MaxValue);
        Check(problems, nameof(options.MaxConnections), options.MaxConnections, 1, 1_000_000);
        Check(problems, nameof(options.MaxFetchSessions), options.MaxFetchSessions, 0, 1_000_000);
        CheckTime(problems, nameof(options.IdleTimeout), options.IdleTimeout);
        CheckTime(problems, nameof(options.RequestTimeout), options.RequestTimeout);
        CheckTime(problems, nameof(options.AnswerTimeout), options.AnswerTimeout);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void Check(List<string> problems, string name, long value, long min, long max)
    {
        if (value < min || value > max)
        {
            problems.Add($"{Full(name)} is a number from {min} to {max}, not {value}.");
        }
    }

    private static void CheckTime(List<string> problems, string name, TimeSpan value)
    {
        if (value < TimeSpan.FromSeconds(1) || value > TimeSpan.FromDays(1))
        {
            problems.Add($"{Full(name)} is a time from {TimeSpan.FromSeconds(1)} to {TimeSpan.FromDays(1)}, not {value}.");
        }
    }

    private static string Full(string name) => $"{KafkaOptions.SectionName}:{name}";
}
