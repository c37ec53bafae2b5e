using Microsoft.Extensions.Options;
using OrleansStream.Storage.Postgres;

namespace OrleansStream.Host.Cluster;

/// <summary>Refuses wrong settings of the database when the host starts, each by its full name.</summary>
internal sealed class PostgresStorageOptionsValidator(IConfiguration configuration) : IValidateOptions<PostgresStorageOptions>
{
    private static readonly string[] s_names = [.. typeof(PostgresStorageOptions).GetProperties().Select(property => property.Name)];

    public ValidateOptionsResult Validate(string? name, PostgresStorageOptions options)
    {
        var section = configuration.GetSection(PostgresCluster.Section);
        if (section.Value is not null)
        {
            return ValidateOptionsResult.Fail($"{PostgresCluster.Section} is a section; the connection string is {PostgresCluster.ConnectionStringSetting} (--postgres).");
        }

        if (section.GetChildren().FirstOrDefault(setting => !s_names.Contains(setting.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return ValidateOptionsResult.Fail($"There is no setting {unknown.Path}; settings: {string.Join(", ", s_names)}.");
        }

        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            return ValidateOptionsResult.Fail(
                $"{PostgresCluster.ConnectionStringSetting} (--postgres) must not be empty; leave it out for a silo of its own with its data in a folder.");
        }

        try
        {
            using var source = PostgresDataSource.Create(options.ConnectionString);
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException e)
        {
            return ValidateOptionsResult.Fail($"{PostgresCluster.ConnectionStringSetting} (--postgres): {e.Message}");
        }
    }
}
