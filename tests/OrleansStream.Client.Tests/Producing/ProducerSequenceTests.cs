using OrleansStream.Client.Producing.Delivery;

namespace OrleansStream.Client.Tests.Producing;

public sealed class ProducerSequenceTests
{
    private readonly ProducerSequence _sequence = new();

    [Fact]
    public void Numbers_wrap_to_zero_after_the_largest()
    {
        _sequence.Begin(7);
        _sequence.SkipTo(int.MaxValue - 1);

        Assert.Equal(int.MaxValue - 1, _sequence.Take(3));
        Assert.Equal(1, _sequence.Take(1));
    }

    [Fact]
    public void A_new_epoch_begins_at_zero_and_an_id_without_epochs_left_is_replaced()
    {
        _sequence.Begin(7);
        _sequence.Take(5);
        for (var epoch = 1; epoch <= short.MaxValue; epoch++)
        {
            _sequence.BeginNewEpoch();
        }

        Assert.Equal((7L, short.MaxValue, 0), (_sequence.ProducerId, _sequence.ProducerEpoch, _sequence.Next));
        _sequence.BeginNewEpoch();
        Assert.False(_sequence.HasProducerId);
        Assert.Equal(7, _sequence.LastProducerId);
    }
}
