using System.Collections.Concurrent;

namespace Embedded;

/// <summary>What each customer has ordered for, since the application started.</summary>
internal sealed class Totals
{
    private readonly ConcurrentDictionary<string, decimal> _totals = new();

    public decimal Of(string customer) => _totals.GetValueOrDefault(customer);

    public void Add(string customer, decimal amount) => _totals.AddOrUpdate(customer, amount, (_, total) => total + amount);
}
