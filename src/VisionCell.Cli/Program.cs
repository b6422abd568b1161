using VisionCell.Cli.CommandLine;
using VisionCell.Runs;

HugePages.Ask();
return await CommandHost.RunAsync(VisionCell.Cli.Commands.Catalogue.Build(), args);
