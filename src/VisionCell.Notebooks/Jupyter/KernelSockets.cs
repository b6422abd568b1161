using NetMQ;
using NetMQ.Sockets;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// The five sockets of a kernel, on one thread of their own (ZeroMQ's sockets belong to a thread). Messages to send come from any
/// thread through a queue and go out in the order in which they were given.
/// </summary>
internal sealed class KernelSockets : IDisposable
{
    private readonly RouterSocket _shell = new();
    private readonly RouterSocket _control = new();
    private readonly RouterSocket _stdin = new();
    private readonly PublisherSocket _ioPub = new();
    private readonly RouterSocket _heartbeat = new();
    private readonly NetMQQueue<(NetMQSocket Socket, IReadOnlyList<byte[]> Frames)> _outgoing = new();
    private readonly NetMQPoller _poller;
    private readonly Wire _wire;
    private readonly Action<string> _log;

    public KernelSockets(ConnectionFile connection, Action<string> log)
    {
        _log = log;
        _wire = new Wire(connection.Key);

        // The queue to a browser that does not keep up is bounded by the streams' own back-pressure, not by losing messages.
        _ioPub.Options.SendHighWatermark = 0;
        _shell.Options.SendHighWatermark = 0;
        foreach (NetMQSocket socket in (NetMQSocket[])[_shell, _control, _stdin, _ioPub, _heartbeat])
            socket.Options.Linger = TimeSpan.FromSeconds(1);
        string host = connection.Ip == "localhost" ? "127.0.0.1" : connection.Ip.Contains(':', StringComparison.Ordinal) ? $"[{connection.Ip}]" : connection.Ip;
        Bind(_shell, connection.ShellPort);
        Bind(_control, connection.ControlPort);
        Bind(_stdin, connection.StdinPort);
        Bind(_ioPub, connection.IoPubPort);
        Bind(_heartbeat, connection.HeartbeatPort);

        _shell.ReceiveReady += (_, _) => ReceiveAll(_shell, ShellReceived);
        _control.ReceiveReady += (_, _) => ReceiveAll(_control, ControlReceived);
        _stdin.ReceiveReady += (_, _) => ReceiveAll(_stdin, null);
        _heartbeat.ReceiveReady += (_, _) =>
        {
            NetMQMessage? beat = null;
            while (_heartbeat.TryReceiveMultipartMessage(ref beat))
                _heartbeat.SendMultipartMessage(beat);
        };
        _outgoing.ReceiveReady += (_, _) =>
        {
            while (_outgoing.TryDequeue(out (NetMQSocket Socket, IReadOnlyList<byte[]> Frames) item, TimeSpan.Zero))
                item.Socket.SendMultipartBytes(item.Frames);
        };
        _poller = [_shell, _control, _stdin, _heartbeat, _outgoing];

        void Bind(NetMQSocket socket, int port) => socket.Bind(FormattableString.Invariant($"tcp://{host}:{port}"));
    }

    public Action<Message>? ShellReceived { get; set; }

    public Action<Message>? ControlReceived { get; set; }

    public void Start() => _poller.RunAsync("jupyter sockets");

    public void SendShell(Message message) => Send(_shell, message);

    public void SendControl(Message message) => Send(_control, message);

    /// <summary>Publishes to every client.</summary>
    public void Publish(Message message) => Send(_ioPub, message with { Identities = [System.Text.Encoding.UTF8.GetBytes(message.Type)] });

    /// <summary>Waits until what was sent so far has been handed to the sockets.</summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        DateTime end = DateTime.UtcNow + limit;
        while (_outgoing.Count > 0 && DateTime.UtcNow < end)
            await Task.Delay(5);
        await Task.Delay(20);
    }

    public void Dispose()
    {
        _poller.Dispose();
        foreach (IDisposable socket in (IDisposable[])[_shell, _control, _stdin, _ioPub, _heartbeat, _outgoing])
            socket.Dispose();
    }

    private void Send(NetMQSocket socket, Message message) => _outgoing.Enqueue((socket, _wire.ToFrames(message)));

    private void ReceiveAll(RouterSocket socket, Action<Message>? receiver)
    {
        NetMQMessage? raw = null;
        while (socket.TryReceiveMultipartMessage(ref raw))
        {
            Message? message = _wire.FromFrames([.. raw.Select(f => f.ToByteArray())], out string? refusal);
            if (message is null)
                _log($"dropped {refusal}");
            else
                receiver?.Invoke(message);
        }
    }
}
