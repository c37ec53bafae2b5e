namespace OrleansStream.Host;

/// <summary>
/// Asks a running host for its health, as <c>--health-check</c> does: for containers, whose image has the host and no program
/// that could ask over HTTP.
/// </summary>
internal static class HealthProbe
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(4);

    /// <summary>Asks once.</summary>
    /// <returns>0 when the answer is a success; 1, with the reason on standard error, when it is not or does not come.</returns>
    public static async Task<int> RunAsync(Uri address)
    {
        using var client = new HttpClient { Timeout = s_timeout };
        try
        {
            using var answer = await client.GetAsync(address);
            if (answer.IsSuccessStatusCode)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync($"{address} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {e.Message}");
        }

        return 1;
    }
}
