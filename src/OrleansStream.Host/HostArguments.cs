using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using OrleansStream.Host.Cluster;

namespace OrleansStream.Host;

/// <summary>
/// The command line of the host. Short names stand for settings, and any setting can be given by its full name; a name that is
/// neither is refused, where the usual provider would take it in silence.
/// </summary>
internal sealed class HostArguments
{
    private const string HealthCheckOption = "health-check";

    private const string Help = """
        Runs an OrleansStream silo in this process.

        Usage: OrleansStream.Host [options]

          --data DIR           where topics, groups and records are kept (OrleansStream:DataPath; ./data)
          --postgres STRING    instead of --data, the database of a cluster that this silo joins
                               (OrleansStream:Postgres:ConnectionString; Host=db1;Database=streams;Username=app)
          --name NAME          the silo's name in its cluster (OrleansStream:SiloName; made up at every start)
          --port N             the port for clients (OrleansStream:GatewayPort; 30000)
          --silo-port N        the port for other silos (OrleansStream:SiloPort; 11111)
          --kafka-port N       the port for Kafka clients, or none (OrleansStream:Kafka:Port; 9092)
          --kafka-host NAME    the host name or address that Kafka clients are told (OrleansStream:Kafka:AdvertisedHost; the --address)
          --address IP         the address to listen on and to be reached by (OrleansStream:AdvertisedAddress; 127.0.0.1)
          --http URL           where the dashboard, health and metrics are served (Urls; http://127.0.0.1:8080)
          --log simple|json    how logs are written (Logging:Console:FormatterName; simple)
          --demo               also run a small workload: a producer and a group of two members
          --SECTION:NAME=VALUE any setting, as in --OrleansStream:DrainTimeout=00:00:02
          --health-check URL   start nothing; ask the host that runs at URL for its health, and end with 0 when it is well
          --hash-password      start nothing; read a password and print its hash, for a user of the dashboard
          --help, --version

        The same settings are read from appsettings.json in the current folder and from the environment, as in
        OrleansStream__DataPath=/var/lib/orleansstream. Arguments come first, then the environment, then the file.
        Everybody on a machine sees the arguments of its processes: a password belongs into the environment or the file.
        """;

    private static readonly Dictionary<string, string> s_aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["data"] = "OrleansStream:DataPath",
        ["postgres"] = PostgresCluster.ConnectionStringSetting,
        ["name"] = "OrleansStream:SiloName",
        ["port"] = "OrleansStream:GatewayPort",
        ["silo-port"] = "OrleansStream:SiloPort",
        ["kafka-port"] = KafkaGateway.PortSetting,
        ["kafka-host"] = KafkaGateway.HostSetting,
        ["address"] = "OrleansStream:AdvertisedAddress",
        ["http"] = "urls",
        ["log"] = "Logging:Console:FormatterName",
        ["urls"] = "urls",
    };

    private readonly Dictionary<string, string?> _settings = new(StringComparer.OrdinalIgnoreCase);

    private HostArguments()
    {
    }

    /// <summary>Settings by their full names.</summary>
    public IReadOnlyDictionary<string, string?> Settings => _settings;

    /// <summary>Whether the demonstration workload was asked for.</summary>
    public bool RunsDemo { get; private set; }

    /// <summary>Whether a password is to be hashed instead of a run.</summary>
    public bool HashesPassword { get; private set; }

    /// <summary>Where to ask for the health of a host that runs already, instead of a run.</summary>
    public Uri? HealthCheck { get; private set; }

    /// <summary>The text that was asked for instead of a run, by <c>--help</c> or <c>--version</c>.</summary>
    public string? Answer { get; private set; }

    /// <summary>The version of the program, without the commit that follows it.</summary>
    public static string Version { get; } =
        typeof(HostArguments).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Reads the arguments.</summary>
    /// <param name="args">As the process got them.</param>
    /// <param name="arguments">The result.</param>
    /// <param name="problem">What is wrong with them, in a sentence for people.</param>
    public static bool TryParse(string[] args, out HostArguments arguments, [NotNullWhen(false)] out string? problem)
    {
        arguments = new HostArguments();
        for (var i = 0; i < args.Length; i++)
        {
            if (arguments.TrySetFlag(args[i]))
            {
                continue;
            }

            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? args[i] : args[i][..equals];
            var setting = HealthCheckOption;
            if (name != $"--{HealthCheckOption}" && (!name.StartsWith("--", StringComparison.Ordinal) || !TryResolve(name[2..], out setting)))
            {
                problem = $"There is no option '{name}'.";
                return false;
            }

            if (equals < 0 && i + 1 == args.Length)
            {
                problem = $"The option {name} needs a value.";
                return false;
            }

            arguments._settings[setting] = equals < 0 ? args[++i] : args[i][(equals + 1)..];
        }

        return arguments.TryCheckLog(out problem) && arguments.TryTakeHealthCheck(out problem);
    }

    private bool TrySetFlag(string argument)
    {
        switch (argument)
        {
            case "--demo":
                RunsDemo = true;
                return true;
            case "--hash-password":
                HashesPassword = true;
                return true;
            case "--help" or "-h" or "-?":
                Answer = Help;
                return true;
            case "--version":
                Answer = Version;
                return true;
            default:
                return false;
        }
    }

    private static bool TryResolve(string name, [NotNullWhen(true)] out string? setting)
    {
        setting = s_aliases.GetValueOrDefault(name);
        if (setting is null && name.Contains(':', StringComparison.Ordinal))
        {
            setting = name;
        }

        return setting is not null;
    }

    private bool TryTakeHealthCheck([NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (!_settings.Remove(HealthCheckOption, out var address))
        {
            return true;
        }

        if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
        {
            HealthCheck = uri;
            return true;
        }

        problem = $"--{HealthCheckOption} takes an address like http://127.0.0.1:8080/health/ready, not '{address}'.";
        return false;
    }

    private bool TryCheckLog([NotNullWhen(false)] out string? problem)
    {
        var log = _settings.GetValueOrDefault(s_aliases["log"]);
        problem = log is null or "simple" or "json" ? null : $"--log is 'simple' or 'json', not '{log}'.";
        return problem is null;
    }
}
