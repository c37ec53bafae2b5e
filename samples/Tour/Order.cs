namespace Tour;

/// <summary>What the tour produces and consumes; it travels as JSON.</summary>
internal sealed record Order(string Customer, decimal Amount);
