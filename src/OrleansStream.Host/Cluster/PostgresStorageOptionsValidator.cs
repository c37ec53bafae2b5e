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

        var problems = new List<string>();
        Check(problems, $"{PostgresCluster.ConnectionStringSetting} (--postgres)", options.ConnectionString);
        foreach (var (store, database) in options.Logs)
        {
            var setting = $"{PostgresCluster.Section}:{nameof(options.Logs)}:{store}";
            if (store.Contains(',', StringComparison.Ordinal))
            {
                problems.Add($"{setting}: the name of a store has no comma.");
            }

            if (database.ConnectionString.Length > 0)
            {
                Check(problems, $"{setting}:{nameof(database.ConnectionString)}", database.ConnectionString);
            }
            else if (store != PostgresLogStores.ClusterStore)
            {
                problems.Add($"{setting}:{nameof(database.ConnectionString)} must not be empty; only '{PostgresLogStores.ClusterStore}' is the cluster's own database.");
            }
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void Check(List<string> problems, string setting, string connectionString)
    {
        try
        {
            using var source = PostgresDataSource.Create(connectionString);
        }
        catch (ArgumentException e)
        {
            problems.Add($"{setting}: {e.Message}");
        }
    }
}
