using OrleansStream.Grains;
using OrleansStream.Kafka.Messages;
using OrleansStream.Storage;

namespace OrleansStream.Kafka.Apis;

/// <summary>Deletes topics with everything in them, by name or from version 6 on by id.</summary>
internal sealed class DeleteTopicsApi(IGrainFactory grains, ICatalog catalog) : KafkaApi<DeleteTopicsRequest, DeleteTopicsResponse>
{
    private const short FirstWithIds = 6;

    protected override async ValueTask<DeleteTopicsResponse?> HandleAsync(DeleteTopicsRequest request, RequestContext context)
    {
        var unwanted = context.Version >= FirstWithIds
            ? request.Topics.Select(topic => (topic.Name, topic.TopicId))
            : request.TopicNames.Select(name => ((string?)name, Guid.Empty));
        var answers = new List<DeleteTopicsResponse.TopicAnswer>();
        foreach (var (name, topicId) in unwanted.Distinct())
        {
            answers.Add(await DeleteAsync(name, topicId, context).ConfigureAwait(false));
        }

        return new DeleteTopicsResponse { Responses = [.. answers] };
    }

    private async Task<DeleteTopicsResponse.TopicAnswer> DeleteAsync(string? name, Guid topicId, RequestContext context)
    {
        var answer = new DeleteTopicsResponse.TopicAnswer { Name = name, TopicId = topicId };
        var outcome = await AdminOutcome.OfAsync(async () =>
        {
            if ((name is null) == (topicId == Guid.Empty))
            {
                throw new OrleansStreamException(ErrorCode.InvalidRequest, "A topic is named by its name or by its id, and not by both.");
            }

            var topic = name is null
                ? await catalog.FindTopicAsync(topicId, context.ConnectionClosed).ConfigureAwait(false)
                    ?? throw new OrleansStreamException(ErrorCode.UnknownTopicId, $"There is no topic with the id {topicId}.")
                : await catalog.FindTopicAsync(name, context.ConnectionClosed).ConfigureAwait(false)
                    ?? throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'.");
            (answer.Name, answer.TopicId) = (topic.Name, topic.TopicId);
            await grains.GetGrain<ITopicGrain>(topic.Name).DeleteAsync().ConfigureAwait(false);
        }).ConfigureAwait(false);
        answer.ErrorCode = outcome.Code;
        answer.ErrorMessage = outcome.Message;
        return answer;
    }
}
