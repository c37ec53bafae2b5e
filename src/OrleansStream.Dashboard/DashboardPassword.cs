using Microsoft.AspNetCore.Identity;

namespace OrleansStream.Dashboard;

/// <summary>Hashes passwords the way ASP.NET Core Identity does: salted, and slow on purpose.</summary>
public static class DashboardPassword
{
    private static readonly PasswordHasher<string> s_hasher = new();

    /// <summary>Hashes a password for <see cref="DashboardUser.PasswordHash"/>. Takes about 50 ms.</summary>
    public static string Hash(string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        return s_hasher.HashPassword("", password);
    }

    /// <returns>False also when the hash is not one.</returns>
    internal static bool Verify(string hash, string password)
    {
        try
        {
            return s_hasher.VerifyHashedPassword("", hash, password) != PasswordVerificationResult.Failed;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
