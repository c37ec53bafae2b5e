return await OrleansStream.Host.HostProgram.RunAsync(args);
