using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using NetMQ;
using VisionCell.Notebooks.Sessions;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// A Jupyter kernel for C#: one session behind the five sockets of the Jupyter protocol, version 5.3, on this machine's own address
/// only. Cells run one after the other; completion, inspection and the rest are answered while a cell runs.
/// </summary>
public sealed class JupyterKernel : IDisposable
{
    // Native code that does not return cannot be stopped; the process then ends without it.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly CSharpSession _session;
    private readonly KernelSockets _sockets;
    private readonly KernelQueries _queries;
    private readonly History _history = new();
    private readonly Channel<Message> _cells = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _runningGate = new();
    private CancellationTokenSource? _running;
    private int _waiting;
    private bool _interruptNext;
    private int _count;
    private int _warm;
    private Task? _compilerIsWarm;
    private Task? _servicesAreWarm;

    /// <summary>Listens where the connection file says.</summary>
    /// <param name="connection">Read by <see cref="ConnectionFile.Read"/>.</param>
    /// <param name="log">Receives what a user does not see in the notebook: messages dropped, failures of the kernel itself.</param>
    /// <exception cref="BadInputException">A port is taken.</exception>
    public JupyterKernel(ConnectionFile connection, Action<string> log)
    {
        Log = log;
        _session = new CSharpSession();
        _queries = new KernelQueries(_session, _history);
        try
        {
            _sockets = new KernelSockets(connection, log) { ShellReceived = OnShell, ControlReceived = OnControl };
        }
        catch (NetMQException e)
        {
            throw new BadInputException($"A port of the connection file cannot be opened on {connection.Ip}: {e.Message}", e);
        }
    }

    /// <summary>Is called once for each assembly that a cell references with <c>#r</c>.</summary>
    public Action<System.Reflection.Assembly>? AssemblyReferenced
    {
        get => _session.AssemblyReferenced;
        set => _session.AssemblyReferenced = value;
    }

    private Action<string> Log { get; }

    /// <summary>
    /// Serves until a client asks for shutdown, the process that started the kernel (JPY_PARENT_PID) is gone, or the token is
    /// cancelled. SIGINT interrupts the running cell, SIGTERM ends the kernel.
    /// </summary>
    /// <exception cref="BadInputException">The connection file cannot be used.</exception>
    public static async Task RunAsync(string connectionFile, Action<string> log, CancellationToken cancellationToken = default)
    {
        using var kernel = new JupyterKernel(ConnectionFile.Read(connectionFile), log);
        await kernel.ServeAsync(cancellationToken);
    }

    /// <inheritdoc cref="RunAsync"/>
    public async Task ServeAsync(CancellationToken cancellationToken = default)
    {
        CellThread.Survive = e =>
        {
            Log($"an exception that nobody caught: {e}");
            return true;
        };
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c =>
        {
            c.Cancel = true;
            Interrupt();
        });
        using PosixSignalRegistration end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
        {
            c.Cancel = true;
            _stopped.TrySetResult();
        });
        await using CancellationTokenRegistration cancelled = cancellationToken.Register(() => _stopped.TrySetResult());
        using Timer parent = WatchParent();
        _sockets.Start();
        PublishStatus("starting", null);
        Task cells = RunCellsAsync();
        await _stopped.Task;
        _cells.Writer.TryComplete();
        Interrupt();
        await Task.WhenAny(cells, Task.Delay(EndPatience, CancellationToken.None));
        await _sockets.DrainAsync(EndPatience);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sockets.Dispose();
        _queries.Dispose();
        _session.Dispose();
        NetMQConfig.Cleanup(block: false);
    }

    private static JsonObject Ok() => new() { ["status"] = "ok" };

    private void OnShell(Message request)
    {
        if (request.Type == "execute_request")
        {
            lock (_runningGate)
                _waiting++;
            _cells.Writer.TryWrite(request);
        }
        else
            _ = AnswerAsync(request, _sockets.SendShell);
    }

    private void OnControl(Message request) => _ = AnswerAsync(request, _sockets.SendControl);

    private async Task AnswerAsync(Message request, Action<Message> send)
    {
        PublishStatus("busy", request);
        try
        {
            switch (request.Type)
            {
                case "interrupt_request":
                    Interrupt();
                    Reply(Ok());
                    break;
                case "shutdown_request":
                    JsonObject content = Ok();
                    content["restart"] = request.Content["restart"]?.GetValue<bool>() ?? false;
                    Reply(content);
                    _sockets.Publish(Message.Answer("shutdown_reply", request, (JsonObject)content.DeepClone(), _id));
                    break;
                case "comm_open":
                    // No comm target exists here, and the protocol answers an unknown one by closing it.
                    _sockets.Publish(Message.Answer("comm_close", request, new JsonObject { ["comm_id"] = request.Content["comm_id"]?.DeepClone(), ["data"] = new JsonObject() }, _id));
                    break;
                case "comm_msg" or "comm_close":
                    break;
                default:
                    if (await Task.Run(() => _queries.AnswerAsync(request)) is { } answer)
                        Reply(answer);
                    else
                        Log($"no answer to {request.Type}");
                    break;
            }
        }
        catch (Exception e)
        {
            Log($"{request.Type} failed: {e}");
            Reply(new JsonObject { ["status"] = "error", ["ename"] = e.GetType().Name, ["evalue"] = e.Message, ["traceback"] = new JsonArray() });
        }

        PublishStatus("idle", request);
        if (request.Type == "shutdown_request")
            _stopped.TrySetResult();
        else if (request.Type == "kernel_info_request" && Interlocked.Exchange(ref _warm, 1) == 0)
            _compilerIsWarm = WarmUpAsync(_session.WarmUpAsync());

        void Reply(JsonObject content) => send(Message.Answer(request.Type.Replace("_request", "_reply", StringComparison.Ordinal), request, content, _id));
    }

    private async Task WarmUpAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
        {
            Log($"warming up failed: {e}");
        }
    }

    private async Task RunCellsAsync()
    {
        while (await _cells.Reader.WaitToReadAsync())
        {
            if (!_cells.Reader.TryRead(out Message? request))
                continue;
            try
            {
                // The first cell would load the same parts of the compiler, at half the speed each.
                await (_compilerIsWarm ?? Task.CompletedTask);
                await RunCellAsync(request);
                _servicesAreWarm ??= WarmUpAsync(_queries.WarmUpAsync());
            }
            catch (Exception e)
            {
                Log($"execute_request failed: {e}");
            }
        }
    }

    private async Task RunCellAsync(Message request)
    {
        string code = request.Content["code"]?.GetValue<string>() ?? string.Empty;
        bool silent = request.Content["silent"]?.GetValue<bool>() ?? false;
        bool remember = !silent && (request.Content["store_history"]?.GetValue<bool>() ?? true);
        PublishStatus("busy", request);
        if (remember)
        {
            _count++;
            _history.Add(_count, code);
        }

        int count = _count;
        if (!silent)
            Publish("execute_input", request, new JsonObject { ["code"] = code, ["execution_count"] = count });

        var batcher = new StreamBatcher((isError, text) =>
            Publish("stream", request, new JsonObject { ["name"] = isError ? "stderr" : "stdout", ["text"] = text }));
        CellResult result;
        var interrupt = new CancellationTokenSource();
        try
        {
            lock (_runningGate)
            {
                _waiting--;
                _running = interrupt;
                if (_interruptNext)
                    interrupt.Cancel();
                _interruptNext = false;
            }

            result = await _session.ExecuteAsync(code, o => Show(o, batcher, request), $"cell {count}", interrupt: interrupt.Token);
        }
        finally
        {
            lock (_runningGate)
            {
                _running = null;
                interrupt.Dispose();
            }
        }

        batcher.Flush();
        JsonObject reply = result.Succeeded ? Ok() : ErrorContent(result.Error!);
        if (!result.Succeeded)
        {
            Publish("error", request, ErrorContent(result.Error!));
            reply["status"] = "error";
        }
        else if (result.Value is { } value && !silent)
        {
            Publish("execute_result", request, new JsonObject { ["data"] = value.ToJson(), ["metadata"] = new JsonObject(), ["execution_count"] = count });
        }

        reply["execution_count"] = count;
        reply["user_expressions"] = result.Succeeded ? await EvaluateAsync(request.Content["user_expressions"] as JsonObject) : new JsonObject();
        if (result.Succeeded)
            reply["payload"] = new JsonArray();

        // Cells that were sent together ("Run all") stop at the first that fails. What is sent in answer to the failure has to run, so
        // that those waiting are counted before the reply goes out.
        List<Message> aborted = [];
        while (!result.Succeeded && (request.Content["stop_on_error"]?.GetValue<bool>() ?? true) && _cells.Reader.TryRead(out Message? waiting))
        {
            lock (_runningGate)
                _waiting--;
            aborted.Add(waiting);
        }

        _sockets.SendShell(Message.Answer("execute_reply", request, reply, _id));
        PublishStatus("idle", request);
        foreach (Message waiting in aborted)
            Abort(waiting);
    }

    private void Show(CellOutput output, StreamBatcher batcher, Message request)
    {
        switch (output)
        {
            case StreamOutput text:
                batcher.Write(text.IsError, text.Text);
                break;
            case DisplayOutput display:
                batcher.Flush();
                Publish("display_data", request, DisplayContent(display.Data, display.DisplayId));
                break;
            case UpdateOutput update:
                batcher.Flush();
                Publish("update_display_data", request, DisplayContent(update.Data, update.DisplayId));
                break;
            default:
                break;
        }
    }

    private async Task<JsonObject> EvaluateAsync(JsonObject? expressions)
    {
        var values = new JsonObject();
        foreach ((string name, JsonNode? expression) in expressions ?? [])
        {
            CellResult result = await _session.ExecuteAsync(expression?.GetValue<string>() ?? string.Empty, _ => { }, keep: false);
            JsonObject value = result.Succeeded ? Ok() : ErrorContent(result.Error!);
            if (result.Succeeded)
            {
                value["data"] = result.Value?.ToJson() ?? [];
                value["metadata"] = new JsonObject();
            }
            else
            {
                value["status"] = "error";
            }

            values[name] = value;
        }

        return values;
    }

    private void Abort(Message request)
    {
        PublishStatus("busy", request);
        var aborted = new JsonObject { ["status"] = "aborted", ["execution_count"] = _count };
        _sockets.SendShell(Message.Answer("execute_reply", request, aborted, _id));
        PublishStatus("idle", request);
    }

    private void Interrupt()
    {
        lock (_runningGate)
        {
            // Observers of the token must not run on the socket's thread.
            if (_running is { } running)
                _ = running.CancelAsync();
            else
                _interruptNext = _waiting > 0; // A cell that was sent and has not begun (the compiler warms up) is meant as well.
        }
    }

    private Timer WatchParent()
    {
        string? parent = Environment.GetEnvironmentVariable("JPY_PARENT_PID");
        bool isKnown = OperatingSystem.IsLinux() && int.TryParse(parent, out int pid) && pid > 1 && Directory.Exists("/proc/" + parent);
        return new Timer(
            _ =>
            {
                if (isKnown && !Directory.Exists("/proc/" + parent))
                    _stopped.TrySetResult();
            },
            null,
            1000,
            1000);
    }

    private static JsonObject DisplayContent(MimeBundle data, string id) => new()
    {
        ["data"] = data.ToJson(),
        ["metadata"] = new JsonObject(),
        ["transient"] = new JsonObject { ["display_id"] = id },
    };

    private static JsonObject ErrorContent(CellError error) => new()
    {
        ["ename"] = error.Name,
        ["evalue"] = error.Message,
        ["traceback"] = new JsonArray([.. error.Traceback.Select(l => (JsonNode)l)]),
    };

    private void PublishStatus(string state, Message? parent) => Publish("status", parent, new JsonObject { ["execution_state"] = state });

    private void Publish(string type, Message? parent, JsonObject content) => _sockets.Publish(Message.Answer(type, parent, content, _id));
}
