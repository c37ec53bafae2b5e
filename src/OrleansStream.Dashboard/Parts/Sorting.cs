namespace OrleansStream.Dashboard.Parts;

/// <summary>By what a table is sorted.</summary>
/// <param name="Column">The column's key.</param>
/// <param name="IsDescending">Largest first.</param>
public sealed record Sorting(string Column, bool IsDescending)
{
    /// <summary>The same column the other way round, or another one: numbers begin with the largest.</summary>
    public Sorting By(string column, bool isNumber) => column == Column ? this with { IsDescending = !IsDescending } : new Sorting(column, isNumber);
}
