using System.Net.Http.Json;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>The sample that hosts the platform in its own process.</summary>
public class EmbeddedSampleTests
{
    [Fact]
    public async Task What_is_posted_can_be_read_and_is_handled_in_the_background()
    {
        var data = Directory.CreateTempSubdirectory("orleansstream-sample-").FullName;
        var url = $"http://127.0.0.1:{Programs.FreePort()}";
        using var sample = Programs.Start(
            Programs.Output("Embedded", "Embedded"), "--urls", url, $"--OrleansStream:DataPath={data}", $"--OrleansStream:SiloPort={Programs.FreePort()}",
            $"--OrleansStream:GatewayPort={Programs.FreePort()}");
        _ = sample.StandardOutput.ReadToEndAsync();
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri(url) };
            using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (!await TryPostAsync(http, timeout.Token))
            {
                Assert.False(sample.HasExited, "The sample ended.");
                await Task.Delay(100, timeout.Token);
            }

            Assert.Equal(["ann: 12.50"], await http.GetFromJsonAsync<string[]>("/orders?count=1", timeout.Token) ?? []);
            while (await http.GetStringAsync("/totals/ann", timeout.Token) != "12.50")
            {
                await Task.Delay(100, timeout.Token);
            }
        }
        finally
        {
            sample.Kill();
            await sample.WaitForExitAsync();
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<bool> TryPostAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            return (await http.PostAsync("/orders/ann", new StringContent("12.50"), cancellationToken)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
