namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Answers for the parts of a request, a few at a time: each may take a moment, because something is woken or asked elsewhere, and a request
/// may name many thousands.
/// </summary>
internal static class FewAtOnce
{
    private const int AtOnce = 16;

    /// <summary>Gets an answer for each part, in the order of the parts.</summary>
    public static async Task<TAnswer[]> AnswerAsync<TPart, TAnswer>(
        IReadOnlyList<TPart> parts, Func<TPart, Task<TAnswer>> answer, CancellationToken cancellationToken)
    {
        var answers = new TAnswer[parts.Count];
        await Parallel.ForAsync(
            0,
            answers.Length,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (at, _) => answers[at] = await answer(parts[at]).ConfigureAwait(false)).ConfigureAwait(false);
        return answers;
    }
}
