using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Placement;

/// <summary>Asks another silo directly whether it is there. Safe for concurrent use.</summary>
public sealed class SiloProbe
{
    private readonly EndpointAddress _address;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;

    internal SiloProbe(EndpointAddress address, IGrainFactory grains, TimeProvider time)
    {
        _address = address;
        _grains = grains;
        _time = time;
    }

    /// <summary>Whether a silo answers in time.</summary>
    public async Task<bool> AnswersAsync(SiloAddress silo, TimeSpan timeout)
    {
        try
        {
            await _address.On(_grains, silo).CountOpenPartitionsAsync().WaitAsync(timeout, _time);
            return true;
        }
        catch (Exception failure) when (failure is InvalidOperationException || SiloFailures.IsUnreachable(failure))
        {
            return false;
        }
    }
}
