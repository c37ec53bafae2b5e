using System.Net;
using Microsoft.Playwright;
using OrleansStream.EndToEnd.Tests;

namespace OrleansStream.Dashboard.Tests.Browser;

/// <summary>A host with two users: one who may look, one who may act.</summary>
[Collection(BrowserCollection.Name)]
public sealed class AccessTests(Chromium chromium) : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("orleansstream-dashboard-").FullName;
    private HostProcess _host = null!;

    public async Task InitializeAsync() => _host = await HostProcess.StartAsync(
        "--data", _data,
        "--OrleansStream:Dashboard:Users:0:Name=vera", $"--OrleansStream:Dashboard:Users:0:PasswordHash={DashboardPassword.Hash("looks")}",
        "--OrleansStream:Dashboard:Users:1:Name=otto", $"--OrleansStream:Dashboard:Users:1:PasswordHash={DashboardPassword.Hash("acts")}",
        "--OrleansStream:Dashboard:Users:1:Role=operator");

    public Task DisposeAsync()
    {
        _host.Dispose();
        Directory.Delete(_data, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Nobody_gets_in_without_the_right_password()
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var page = await http.GetAsync($"{_host.Url}/cluster");
        using var circuit = await http.PostAsync($"{_host.Url}/_blazor/negotiate?negotiateVersion=1", null);
        using var forged = await http.PostAsync($"{_host.Url}/sign-in", new FormUrlEncodedContent([new("name", "otto"), new("password", "acts")]));
        using var health = await http.GetAsync($"{_host.Url}/health/ready");

        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.Contains("/sign-in", page.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, circuit.StatusCode);
        Assert.False(forged.Headers.Contains("Set-Cookie") && string.Join(' ', forged.Headers.GetValues("Set-Cookie")).Contains(".OrleansStream.Dashboard", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);

        await using var browser = await chromium.OpenAsync($"{_host.Url}/topics");
        await SignInAsync(browser, "otto", "looks");
        await browser.Page.GetByText("Name and password do not fit").WaitForAsync();
    }

    [Fact]
    public async Task A_viewer_sees_everything_and_can_do_nothing_an_operator_can()
    {
        await using var operators = await chromium.OpenAsync($"{_host.Url}/topics");
        await SignInAsync(operators, "otto", "acts");
        await operators.Page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await operators.Button("Create topic").First.ClickAsync();
        await operators.Dialog.GetByLabel("Name").FillAsync("orders");
        await operators.Dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await operators.Page.WaitForURLAsync("**/topics/orders");
        await operators.Button("Delete").WaitForAsync();

        await using var viewers = await chromium.OpenAsync($"{_host.Url}/topics/orders");
        await SignInAsync(viewers, "vera", "looks");
        await viewers.Page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await viewers.Page.GetByTestId("partitions").WaitForAsync();
        await viewers.Page.Locator("[data-role=viewer]").WaitForAsync();
        Assert.Equal(0, await viewers.Button("Delete").CountAsync());
        Assert.Equal(0, await viewers.Button("Add partitions").CountAsync());
        await viewers.GoAsync("Settings");
        await viewers.Page.GetByTestId("settings").WaitForAsync();
        Assert.Equal(0, await viewers.Button("Save changes").CountAsync());
        await viewers.GoAsync("Produce");
        await viewers.Page.GetByText("Producing takes the operator role").WaitForAsync();

        await viewers.Button("Sign out").ClickAsync();
        await viewers.Page.WaitForURLAsync("**/sign-in*");
        await viewers.Page.GotoAsync($"{_host.Url}/topics");
        Assert.Contains("/sign-in", viewers.Page.Url, StringComparison.Ordinal);
        Assert.Empty(operators.TakeErrors().Concat(viewers.TakeErrors()));
    }

    private static async Task SignInAsync(BrowserPage browser, string name, string password)
    {
        await browser.Page.GetByLabel("Name").FillAsync(name);
        await browser.Page.GetByLabel("Password").FillAsync(password);
        await browser.Button("Sign in").ClickAsync();
    }
}
