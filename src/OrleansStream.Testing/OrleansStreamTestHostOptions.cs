using Microsoft.Extensions.Hosting;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Testing;

/// <summary>What a test changes about its <see cref="OrleansStreamTestHost"/>.</summary>
public sealed record OrleansStreamTestHostOptions
{
    /// <summary>A folder to use, which is not deleted at the end. Null for one of the host's own.</summary>
    public string? DataPath { get; init; }

    /// <summary>Changes the silo's settings; called at every start.</summary>
    public Action<OrleansStreamServerOptions>? ConfigureServer { get; init; }

    /// <summary>Changes the application that hosts the silo, for example adds services or logging; called at every start, before OrleansStream is added.</summary>
    public Action<IHostApplicationBuilder>? ConfigureHost { get; init; }
}
