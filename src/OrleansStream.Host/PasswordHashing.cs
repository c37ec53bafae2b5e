using System.Text;
using OrleansStream.Dashboard;

namespace OrleansStream.Host;

/// <summary>What <c>--hash-password</c> does: nothing secret in arguments or in the shell's history.</summary>
internal static class PasswordHashing
{
    /// <summary>Reads a password from the terminal without showing it, or a line from a pipe, and prints its hash.</summary>
    /// <returns>0; 1 when no password was given.</returns>
    public static int Run()
    {
        var password = Console.IsInputRedirected ? Console.In.ReadLine() : Ask();
        if (string.IsNullOrEmpty(password))
        {
            Console.Error.WriteLine("No password was given.");
            return 1;
        }

        Console.Out.WriteLine(DashboardPassword.Hash(password));
        return 0;
    }

    private static string Ask()
    {
        Console.Error.Write("Password: ");
        var text = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                text.Length = Math.Max(0, text.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                text.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return text.ToString();
    }
}
