using System.Net;

namespace VisionCell.Notebooks.Running;

/// <summary>How every page begins and what it looks like: system fonts only, so that nothing is fetched.</summary>
internal static class PageStyle
{
    private const string Css = """
        :root{color-scheme:light;--line:#d9dee5;--soft:#f6f8fa;--ink:#1f2630;--dim:#6b7685}
        body{margin:0;background:#fff;color:var(--ink);font:16px/1.6 system-ui,"Segoe UI","Noto Sans",sans-serif}
        main{max-width:1080px;margin:0 auto;padding:2rem 1.5rem 4rem}
        h1,h2,h3{line-height:1.25}h1{font-size:1.9rem}h2{margin-top:2.2rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
        a{color:#0b5cad}img,svg,video{max-width:100%}
        code,pre{font:13px/1.5 ui-monospace,"DejaVu Sans Mono","Liberation Mono",Consolas,monospace}
        pre{margin:.4rem 0;padding:.6rem .8rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
        .code{position:relative;margin:1rem 0}.count{position:absolute;left:-3.2rem;top:.6rem;width:2.8rem;text-align:right;color:var(--dim);font:12px/1.5 ui-monospace,monospace}
        .source{background:var(--soft);border:1px solid var(--line);border-radius:6px}
        .stderr{background:#fff8e6;border-left:3px solid #d99a00}.error{background:#fff0f0;border-left:3px solid #c92a2a}
        .output{overflow-x:auto;margin:.4rem 0}
        table{border-collapse:collapse;font-size:.9rem;margin:.6rem 0}th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left}th{background:var(--soft)}
        .k{color:#8b1a8b}.s{color:#0a6b2d}.n{color:#0b5cad}.c{color:#6b7685;font-style:italic}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1.2rem;margin:1.5rem 0}
        .card{border:1px solid var(--line);border-radius:8px;overflow:hidden;text-decoration:none;color:inherit;display:block}
        .card img{display:block;width:100%;height:200px;object-fit:cover;background:var(--soft)}
        .card div{padding:.8rem 1rem}.card h2{margin:0;border:0;font-size:1.1rem}.card p{margin:.3rem 0 0;color:var(--dim);font-size:.88rem}
        .failed{border-color:#c92a2a}.failed p.why{color:#c92a2a}
        @media print{.source{white-space:pre-wrap}}
        """;

    /// <summary>A page up to its content, which <c>&lt;/main&gt;</c> ends.</summary>
    public static string Begin(string title) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{WebUtility.HtmlEncode(title)}</title>
        <style>{Css}</style>
        </head>
        <body>
        <main>

        """;
}
