using System.Globalization;

namespace OrleansStream.Dashboard;

/// <summary>Numbers and times as people read them, in one way on all pages.</summary>
internal static class Text
{
    /// <summary>A count, with thin spaces between thousands.</summary>
    public static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u202f');

    /// <summary>A size in three digits.</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var unit = 0;
        while (bytes >= 1000 && unit < units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return $"{Digits(bytes, unit == 0)} {units[unit]}";
    }

    /// <summary>Bytes per second; a dash where there is nothing.</summary>
    public static string ByteRate(double perSecond) => perSecond < 0.5 ? "–" : Bytes(perSecond) + "/s";

    /// <summary>A number per second in three digits; a dash where there is nothing.</summary>
    public static string Rate(double perSecond) => perSecond < 0.005 ? "–" : Short(perSecond) + "/s";

    /// <summary>A number in three digits.</summary>
    public static string Short(double number)
    {
        string[] units = ["", "\u202fk", "\u202fM", "\u202fG", "\u202fT"];
        var unit = 0;
        var isWhole = number == Math.Floor(number);
        while (number >= 1000 && unit < units.Length - 1)
        {
            number /= 1000;
            unit++;
        }

        return Digits(number, unit == 0 && isWhole) + units[unit];
    }

    /// <summary>A short time in milliseconds.</summary>
    public static string Milliseconds(TimeSpan? time) => time is { } known
        ? known.TotalMilliseconds < 9_950 ? $"{Digits(known.TotalMilliseconds, known.TotalMilliseconds == 0)} ms" : Duration(known)
        : "–";

    /// <summary>A time in its largest unit, or its two largest.</summary>
    public static string Duration(TimeSpan time)
    {
        FormattableString text = time switch
        {
            { TotalSeconds: < 1 } => $"{Math.Max(0, time.TotalMilliseconds):0} ms",
            { TotalSeconds: < 10 } => $"{time.TotalSeconds:0.0} s",
            { TotalMinutes: < 1 } => $"{time.TotalSeconds:0} s",
            { TotalHours: < 1 } => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
            { TotalDays: < 1 } => $"{(int)time.TotalHours} h {time.Minutes:00} min",
            _ => $"{(int)time.TotalDays} d {time.Hours} h",
        };
        return text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>How long ago something was.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => now - then < TimeSpan.FromSeconds(1) ? "just now" : $"{Duration(now - then)} ago";

    /// <summary>The time of day, to the second, in UTC as everywhere in this platform.</summary>
    public static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A point in time to the millisecond, in UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>A point in time to the minute, in UTC.</summary>
    public static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>One thing, or many.</summary>
    public static string Plural(long count, string one, string? many = null) => $"{Count(count)} {(count == 1 ? one : many ?? one + "s")}";

    private static string Digits(double number, bool isWhole) =>
        number.ToString(isWhole ? "0" : number < 9.95 ? "0.00" : number < 99.5 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
