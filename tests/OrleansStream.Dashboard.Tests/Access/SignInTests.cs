using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Dashboard.Access;

namespace OrleansStream.Dashboard.Tests.Access;

public sealed class SignInTests
{
    [Fact]
    public void A_password_fits_its_hash_and_no_other_does()
    {
        var hash = DashboardPassword.Hash("secret");

        Assert.True(DashboardPassword.Verify(hash, "secret"));
        Assert.False(DashboardPassword.Verify(hash, "Secret"));
        Assert.False(DashboardPassword.Verify("not a hash", "secret"));
        Assert.NotEqual(hash, DashboardPassword.Hash("secret"));
    }

    [Theory]
    [InlineData("/topics?x=1", "/topics?x=1")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData(null, "/")]
    public void Signing_in_leads_to_a_place_in_the_dashboard(string? asked, string expected)
    {
        Assert.Equal(expected, SignInEndpoints.Local(asked, new DashboardPath()));
    }

    [Theory]
    [InlineData("orleansstream-operator", DashboardRoles.Operator)]
    [InlineData("orleansstream-viewer", DashboardRoles.Viewer)]
    [InlineData("cleaner", null)]
    public void A_providers_roles_mean_what_the_settings_say(string role, string? expected)
    {
        var identity = new ClaimsIdentity([new Claim("roles", role)]);

        Assert.Equal(expected, AccessServices.RoleOf(identity, new DashboardProvider { Authority = "https://login.example" }));
    }

    [Fact]
    public async Task Whoever_guesses_makes_nobody_else_wait()
    {
        var options = new DashboardOptions { Users = { new DashboardUser { Name = "ann", PasswordHash = DashboardPassword.Hash("secret") } } };
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<SignInDesk>()
            .AddSingleton<TimeProvider>(new FakeTimeProvider())
            .AddSingleton<IOptionsMonitor<DashboardOptions>>(new Settings(options))
            .AddAuthentication().AddCookie(AccessNames.CookieScheme).Services
            .BuildServiceProvider();
        var desk = services.GetRequiredService<SignInDesk>();

        // The clock stands still, so the pause after a failure does not end.
        var guesses = Enumerable.Range(0, 30).Select(number => desk.TrySignInAsync(From(services, "10.0.0.1"), "ann", $"guess {number}")).ToArray();
        var signedIn = await desk.TrySignInAsync(From(services, "10.0.0.2"), "ann", "secret").WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(signedIn);
        Assert.Equal(9, guesses.Count(guess => guess.IsCompleted));
    }

    [Fact]
    public void Settings_that_cannot_work_are_refused_in_words()
    {
        var wrongRole = new DashboardOptions { Users = { new DashboardUser { Name = "ann", PasswordHash = "x", Role = "king" } } };
        var twice = new DashboardOptions { Users = { new DashboardUser { Name = "ann", PasswordHash = "x" }, new DashboardUser { Name = "Ann", PasswordHash = "x" } } };
        var half = new DashboardOptions { Users = { new DashboardUser { Name = "ann" } } };
        var provider = new DashboardOptions { OpenIdConnect = { Authority = "https://login.example" } };

        Assert.False(wrongRole.TryValidate(out var first));
        Assert.Contains("viewer or operator, not 'king'", first, StringComparison.Ordinal);
        Assert.All([twice, half, provider], options => Assert.False(options.TryValidate(out _)));
        Assert.True(new DashboardOptions().TryValidate(out _));
    }

    private static DefaultHttpContext From(IServiceProvider services, string address) =>
        new() { RequestServices = services, Connection = { RemoteIpAddress = IPAddress.Parse(address) } };

    private sealed class Settings(DashboardOptions options) : IOptionsMonitor<DashboardOptions>
    {
        public DashboardOptions CurrentValue => options;

        public DashboardOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<DashboardOptions, string?> listener) => null;
    }
}
