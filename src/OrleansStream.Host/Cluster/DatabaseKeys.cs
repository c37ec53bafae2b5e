using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace OrleansStream.Host.Cluster;

/// <summary>
/// Keeps the keys that protect cookies and forms in the cluster's database, where every silo finds them. ASP.NET Core reads them at
/// the first request and then once a day, and blocks meanwhile, as its interface wants. Safe for concurrent use.
/// </summary>
internal sealed class DatabaseKeys(NpgsqlDataSource database) : IXmlRepository
{
    private const int TimeoutSeconds = 5;

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = database.CreateCommand("SELECT xml FROM orleansstream.dashboard_keys ORDER BY created_at");
        command.CommandTimeout = TimeoutSeconds;
        using var reader = command.ExecuteReader();
        var keys = new List<XElement>();
        while (reader.Read())
        {
            keys.Add(XElement.Parse(reader.GetString(0)));
        }

        return keys;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = database.CreateCommand("INSERT INTO orleansstream.dashboard_keys (name, xml) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        command.CommandTimeout = TimeoutSeconds;
        command.Parameters.Add(new NpgsqlParameter { Value = friendlyName });
        command.Parameters.Add(new NpgsqlParameter { Value = element.ToString(SaveOptions.DisableFormatting) });
        command.ExecuteNonQuery();
    }
}
