using System.Globalization;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Hosting;

namespace Embedded;

internal sealed class OrderHandler(Totals totals) : IRecordHandler<string, string>
{
    public Task HandleAsync(ConsumedRecord<string, string> order, CancellationToken cancellationToken)
    {
        totals.Add(order.Key!, decimal.Parse(order.Value!, CultureInfo.InvariantCulture));
        return Task.CompletedTask;
    }
}
