using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Topics;

/// <summary>The rule for topic names, which is Kafka's.</summary>
public static class TopicName
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 249;

    /// <summary>Checks a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="problem">What is wrong with it, in a sentence for people.</param>
    /// <returns>True when a topic may be called that.</returns>
    public static bool IsValid([NotNullWhen(true)] string? name, [NotNullWhen(false)] out string? problem)
    {
        problem = name switch
        {
            null or "" => "A topic's name must not be empty.",
            "." or ".." => $"A topic must not be called '{name}'.",
            { Length: > MaxLength } => $"A topic's name has at most {MaxLength} characters; this one has {name.Length}.",
            _ when name.AsSpan().IndexOfAnyExcept(s_allowed) is >= 0 and var at =>
                $"A topic's name consists of letters, digits, '.', '_' and '-' (ASCII); '{name[at]}' at position {at} is none of them.",
            _ => null,
        };
        return problem is null;
    }

    private static readonly System.Buffers.SearchValues<char> s_allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}
