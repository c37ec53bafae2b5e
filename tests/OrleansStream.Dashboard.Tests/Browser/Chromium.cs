using Microsoft.Playwright;
using OrleansStream.EndToEnd.Tests;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>One real browser for all tests: Debian's Chromium, installed when it is missing and this process may install.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        var path = Find();
        if (path is null && Environment.UserName == "root" && File.Exists("/usr/bin/apt-get"))
        {
            await Programs.RunAsync("/usr/bin/apt-get", "update", "-qq");
            await Programs.RunAsync("/usr/bin/apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation");
            path = Find();
        }

        if (path is null)
        {
            throw new InvalidOperationException(
                $"The dashboard's tests run in a real browser, and none is at {string.Join(", ", s_places)}. Install one (Debian: apt-get install chromium).");
        }

        if (Environment.GetEnvironmentVariable(Cost.RoundsVariable) is not null)
        {
            path = await MakePatientAsync(path);
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    /// <summary>Opens a page in a session of its own.</summary>
    public async Task<BrowserPage> OpenAsync(string url)
    {
        var page = await NewAsync();
        await page.GoToAsync(url);
        return page;
    }

    /// <summary>Makes an empty page in a session of its own.</summary>
    public async Task<BrowserPage> NewAsync()
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1400, Height = 900 } });
        context.SetDefaultTimeout(15_000);
        return new BrowserPage(context, await context.NewPageAsync());
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>
    /// People's browsers are on other machines than silos. Where there is only one, the browser gets what processors are left over, so that a
    /// measurement tells what the silo does for the dashboard and not what it costs to paint.
    /// </summary>
    private static async Task<string> MakePatientAsync(string path)
    {
        var script = Path.Combine(Directory.CreateTempSubdirectory("orleansstream-browser-").FullName, "chromium");
        await File.WriteAllTextAsync(script, $"#!/bin/sh\nexec nice -n 19 '{path}' \"$@\"\n");
        await Programs.RunAsync("/bin/chmod", "+x", script);
        return script;
    }

    private static string? Find() => s_places.FirstOrDefault(File.Exists);
}

[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<Chromium>
{
    public const string Name = "browser";
}
