using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OrleansStream.Host.Cluster;
using OrleansStream.Host.Demo;
using OrleansStream.Host.Health;
using OrleansStream.Server;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Host;

/// <summary>
/// The process from its arguments to its exit code: one silo, and beside it the dashboard, health and metrics over HTTP. A start that fails
/// for a reason somebody can mend ends with one line on standard error and exit code 1.
/// </summary>
internal static class HostProgram
{
    private const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>What a stop may take beside draining and closing, which have a limit of their own; what is still running then is cut off.</summary>
    private static readonly TimeSpan s_shutdownGrace = TimeSpan.FromSeconds(10);

    /// <summary>Runs until SIGTERM or Ctrl-C.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        if (!HostArguments.TryParse(args, out var arguments, out var problem))
        {
            return Refuse($"{problem} See --help.");
        }

        if (arguments.Answer is { } answer)
        {
            Console.Out.WriteLine(answer);
            return 0;
        }

        if (arguments.HashesPassword)
        {
            return PasswordHashing.Run();
        }

        if (arguments.HealthCheck is { } address)
        {
            return await HealthProbe.RunAsync(address);
        }

        var quiet = new QuietStart();
        try
        {
            await using var app = Build(arguments, quiet);
            await app.StartAsync();
            quiet.End();
            Banner.Write(app);
            await app.WaitForShutdownAsync();
            return quiet.HasFailed ? 1 : 0;
        }
        catch (Exception e) when (StartFailure.Explain(e) is { } reason)
        {
            return Refuse(reason);
        }
        catch (OperationCanceledException)
        {
            return Refuse(quiet.FirstError is { } error
                ? StartFailure.Explain(error) ?? $"a part of it failed.{Environment.NewLine}{error}"
                : "it was told to stop before it had started.");
        }
    }

    private static WebApplication Build(HostArguments arguments, QuietStart quiet)
    {
        // The settings file that comes with the program lies beside it; one in the current folder comes on top of it.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddConfiguration(builder, arguments);
        PostgresCluster.RefuseFolder(builder.Configuration, arguments);
        quiet.Configure(builder.Logging, builder.Configuration);
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<OrleansStreamServerOptions>>(static (host, server) =>
            host.ShutdownTimeout = server.Value.DrainTimeout + s_shutdownGrace);
        AddStorage(builder);
        builder.AddOrleansStreamServer();
        builder.Services.AddHostedService<PortCheck>();
        DashboardHosting.Add(builder);
        KafkaGateway.Add(builder);
        builder.Services.AddHealthChecks()
            .AddCheck<SiloCheck>("silo", tags: [HealthEndpoints.ReadyTag])
            .AddCheck<CatalogCheck>("catalog", tags: [HealthEndpoints.ReadyTag]);
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("OrleansStream.*", "Microsoft.Orleans", "Npgsql")
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());
        if (arguments.RunsDemo)
        {
            builder.Services.AddHostedService<DemoWorkload>();
        }

        var app = builder.Build();
        app.MapPrometheusScrapingEndpoint("/metrics");
        HealthEndpoints.Map(app);
        DashboardHosting.Map(app);
        return app;
    }

    private static void AddStorage(WebApplicationBuilder builder)
    {
        if (PostgresCluster.IsConfigured(builder.Configuration))
        {
            PostgresCluster.Add(builder);
        }
        else
        {
            builder.Services.AddHealthChecks().AddCheck<DataFolderCheck>("data folder", tags: [HealthEndpoints.ReadyTag]);
        }
    }

    private static void AddConfiguration(WebApplicationBuilder builder, HostArguments arguments)
    {
        // Order is rank: the file in the current folder goes before the environment, the arguments after everything.
        var local = Path.Combine(Environment.CurrentDirectory, "appsettings.json");
        if (File.Exists(local) && Path.GetFullPath(AppContext.BaseDirectory) != Path.GetFullPath(Environment.CurrentDirectory + Path.DirectorySeparatorChar))
        {
            builder.Configuration.AddJsonFile(local, optional: true, reloadOnChange: true);
            builder.Configuration.AddEnvironmentVariables();
        }

        builder.Configuration.AddInMemoryCollection(arguments.Settings);
        string[] endpointSettings = ["urls", "http_ports", "https_ports"];
        if (endpointSettings.All(name => builder.Configuration[name] is null) && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine($"OrleansStream did not start: {reason}");
        return 1;
    }
}
