return await OrleansStream.Cli.Ostream.RunAsync(args);
