using VisionCell.Cli.CommandLine;

return await CommandHost.RunAsync(VisionCell.Cli.Commands.Catalogue.Build(), args);
