using System.Text.RegularExpressions;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells clients which APIs there are, in which versions. What it tells is what is registered, so it cannot promise too much.</summary>
internal sealed partial class ApiVersionsApi(Lazy<ApiList> apis) : KafkaApi<ApiVersionsRequest, ApiVersionsResponse>
{
    private ApiVersionsResponse? _answer;

    /// <summary>
    /// The answer to a version that does not exist yet, in the layout of version 0, which every client can read; it then asks again in a version
    /// from the list.
    /// </summary>
    public ApiVersionsResponse Unsupported() => new() { ErrorCode = (short)KafkaError.UnsupportedVersion, ApiKeys = Answer.ApiKeys };

    private ApiVersionsResponse Answer => _answer ??= new ApiVersionsResponse
    {
        ApiKeys =
        [
            .. apis.Value.Descriptions.Select(api => new ApiVersionsResponse.SupportedApi
            {
                ApiKey = (short)api.Key,
                MinVersion = api.AdvertisedMinVersion,
                MaxVersion = api.MaxVersion,
            }),
        ],
    };

    protected override ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context)
    {
        if (context.Version < 3)
        {
            return new(Answer);
        }

        if (!SoftwarePattern().IsMatch(request.ClientSoftwareName) || !SoftwarePattern().IsMatch(request.ClientSoftwareVersion))
        {
            return new(new ApiVersionsResponse { ErrorCode = (short)ErrorCode.InvalidRequest });
        }

        context.Connection.SoftwareName = request.ClientSoftwareName;
        context.Connection.SoftwareVersion = request.ClientSoftwareVersion;
        return new(Answer);
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?\z")]
    private static partial Regex SoftwarePattern();
}
