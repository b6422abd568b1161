using System.Globalization;
using System.Net;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Neuroglancer in a notebook: a server in this session and a frame that shows it. Behind JupyterHub the frame goes through
/// jupyter-server-proxy, which has to be installed there; on this machine it asks the server itself. It ends with the session or with
/// <see cref="Dispose"/>; a saved notebook then shows where it was.
/// </summary>
[TypeFormatterSource(typeof(BrowserViewFormatterSource), PreferredMimeTypes = ["text/html"])]
public sealed class BrowserView : IDisposable
{
    private readonly NeuroglancerScene _scene;
    private readonly ViewServer _server;
    private readonly int _height;

    private BrowserView(NeuroglancerScene scene, ViewServer server, int height) => (_scene, _server, _height) = (scene, server, height);

    /// <summary>The link on this machine.</summary>
    public string Address => _server.Address;

    /// <summary>Prepares a scene and serves it.</summary>
    /// <param name="input">What is shown.</param>
    /// <param name="view">Where one looks from at first; null for the whole volume.</param>
    /// <param name="height">Height of the frame, pixels, 100 to 4000.</param>
    /// <exception cref="BadInputException">A volume cannot be read, Neuroglancer is not bundled, or the height is out of range.</exception>
    public static BrowserView Open(NeuroglancerInput input, ViewState? view = null, int height = 600)
    {
        if (height is < 100 or > 4000)
            throw new BadInputException($"height {height} of the frame: must be 100 to 4000 pixels");
        NeuroglancerBundle.Get();
        var scene = NeuroglancerScene.Prepare(input);
        try
        {
            return new BrowserView(scene, ViewServer.StartAsync(scene, view: view).GetAwaiter().GetResult(), height);
        }
        catch
        {
            scene.Dispose();
            throw;
        }
    }

    /// <summary>The frame, as HTML.</summary>
    public string ToHtml()
    {
        var id = $"visioncell-view-{Guid.NewGuid():N}";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            <iframe id="{{id}}" title="Neuroglancer" referrerpolicy="no-referrer" allowfullscreen style="width:100%;height:{{_height}}px;border:0;background:#000"></iframe>
            <div style="font:12px sans-serif;color:#555">Neuroglancer, as long as this session runs: <a href="{{WebUtility.HtmlEncode(Address)}}" target="_blank" rel="noreferrer">{{WebUtility.HtmlEncode(Address)}}</a></div>
            <script>(function () {
              var local = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname) || location.protocol === 'file:';
              var lab = document.getElementById('jupyter-config-data');
              var base = lab ? JSON.parse(lab.textContent).baseUrl : document.body.getAttribute('data-base-url');
              document.getElementById('{{id}}').src = local || !base ? '{{Address}}' : base + 'proxy/{{_server.Port}}/{{_server.Token}}/';
            })();</script>
            """);
    }

    /// <inheritdoc/>
    public override string ToString() => $"Neuroglancer at {Address}";

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _scene.Dispose();
    }
}

/// <summary>The formatters of <see cref="BrowserView"/>.</summary>
internal sealed class BrowserViewFormatterSource
{
#pragma warning disable CA1822 // The host creates an instance and calls this method on it.
    public IEnumerable<object> CreateTypeFormatters() => [new BrowserViewFormatter()];
#pragma warning restore CA1822
}

/// <summary>HTML of a view; the host calls <see cref="Format"/> by name.</summary>
internal sealed class BrowserViewFormatter
{
    public string MimeType { get; } = "text/html";

#pragma warning disable CA1822 // Called by name on an instance.
    public bool Format(object instance, TextWriter writer)
    {
        if (instance is not BrowserView view)
            return false;
        writer.Write(view.ToHtml());
        return true;
    }
#pragma warning restore CA1822
}
