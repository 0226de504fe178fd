"""The report's page, as a Jinja2 template: code, so that an edit of it remakes the page."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>clearice report</title>
<style>
  :root { --ink: #1b2530; --soft: #5b6875; --line: #d8dee4; --mark: #b3541e; }
  body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 1240px; margin: 2rem auto; padding: 0 1.5rem; }
  h1 { font-size: 1.7rem; margin: 0; } h2 { margin-top: 2.4rem; border-bottom: 1px solid var(--line); }
  h3 { margin-bottom: .3rem; } p.lead { color: var(--soft); margin-top: .2rem; }
  .warning { border-left: 4px solid var(--mark); background: #fdf5ef; padding: .6rem 1rem; margin: 1.2rem 0; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
  th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; color: var(--soft); }
  .row { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: .8rem; margin: .5rem 0 1.2rem; }
  figure { margin: 0; } img { width: 100%; display: block; background: #000; }
  figcaption { color: var(--soft); font-size: .9rem; padding-top: .2rem; }
  table.scores { display: block; overflow-x: auto; font-size: .85rem; } table.scores td { white-space: nowrap; }
  table.scores small { color: var(--soft); }
  code, pre { font: 13px/1.45 ui-monospace, monospace; } pre { background: #f6f8fa; padding: .8rem; overflow-x: auto; }
  details { margin: .6rem 0; } summary { cursor: pointer; }
</style>
</head>
<body>
<h1>clearice report</h1>
<p class="lead">{{ shots | length }} dataset{{ "" if shots | length == 1 else "s" }},
{{ methods | length }} methods, clearice {{ provenance.versions.clearice }}, seed {{ provenance.settings.seed }}</p>
<div class="warning"><b>Denoised images are for seeing and picking only.</b>
A denoiser can remove what is there and draw what is not. Extract particles from the sums under
<code>results/&lt;dataset&gt;/sums/</code>, never from <code>denoised/</code>.</div>

<h2>Before and after</h2>
<p class="lead">One grey scale for all methods of a micrograph, taken from its raw image low-passed to
{{ provenance.settings.previews.reference_resolution_A }} Å. Upper row: whole field; lower row: detail from the centre, pixel by pixel.</p>
{% for dataset, micrographs in shots.items() %}
{% for (micrograph, part), pictures in micrographs.items() %}
<h3>{{ dataset }}: {{ micrograph }}{% if part != "full" %} ({{ part }} frames){% endif %}</h3>
<div class="row">
{% for shot in pictures %}
  <figure><img src="{{ shot.field | embedded }}" alt="{{ shot.method }}, whole field"><figcaption>{{ shot.method }}</figcaption></figure>
{% endfor %}
</div>
<div class="row">
{% for shot in pictures %}
  <figure><img src="{{ shot.detail | embedded }}" alt="{{ shot.method }}, detail"><figcaption>{{ shot.method }}, detail</figcaption></figure>
{% endfor %}
</div>
{% endfor %}
{% else %}
<p>No picture was asked for (previews.per_batch is 0) or every micrograph failed.</p>
{% endfor %}

{% for table in scores %}
<h2>{{ table.title }}</h2>
<p class="lead">Both SNRs and SSIM can be won by a mask: see the column of the mask_control, which every table has. Read them only beside the null test
(what is left of pure noise, and what is picked in it), the agreement with a truth or an independent exposure, and the picks. The scored batches may
hold micrographs that a network was trained on; where no coordinates are known, SNRs and picking scores are absent.</p>
<p class="lead">A cell holds the mean ± its standard error; below it the gain over {{ table.reference }} on the same micrographs, which alone tells methods
apart, and n, the micrographs behind the mean. A number of fewer micrographs than others does not compare with them; its gain does.</p>
<table class="scores">
<tr><th>metric</th>{% for method in table.methods %}<th>{{ method }}</th>{% endfor %}</tr>
{% for metric, cells in table.rows %}
<tr><td>{{ metric }}</td>{% for cell in cells %}<td>{{ cell.mean }}<br><small>{{ cell.gain }}{{ "; " if cell.gain }}{{ cell.count }}</small></td>{% endfor %}</tr>
{% endfor %}
</table>
{% if table.notes %}
<ul>{% for note in table.notes %}<li>{{ note }}</li>{% endfor %}</ul>
{% endif %}
{% endfor %}

<h2>Micrographs</h2>
<table>
<tr><th>dataset</th><th>stage</th><th>part or method</th><th>ok</th><th>failed</th><th>skipped</th></tr>
{% for row in counts %}
<tr><td>{{ row.dataset }}</td><td>{{ row.stage }}</td><td>{{ row.name }}</td><td>{{ row.ok }}</td><td>{{ row.failed }}</td><td>{{ row.skipped }}</td></tr>
{% endfor %}
</table>
{% if failures %}
<h3>Failed</h3>
<table>
<tr><th>dataset</th><th>micrograph</th><th>stage</th><th>counted</th><th>reason</th></tr>
{% for row in failures %}
<tr><td>{{ row.dataset }}</td><td>{{ row.micrograph }}</td><td>{{ row.stage }}</td><td>{{ row.counted }}</td><td>{{ row.reason }}</td></tr>
{% endfor %}
</table>
<p>Sums and denoised micrographs are counted for max_failed_fraction; what failed in other stages only narrows what a training or a score rests on.</p>
{% endif %}

{% if notes %}
<h3>To be known</h3>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
{% endif %}

<h2>Methods</h2>
<table>
<tr><th>method</th><th>kind</th><th>settings</th></tr>
{% for name in methods %}
<tr><td>{{ name }}</td><td>{{ provenance.settings.methods[name].kind }}</td><td>{{ provenance.settings.methods[name] | settings }}</td></tr>
{% endfor %}
</table>

<h2>Provenance</h2>
<table>
<tr><th>library</th><th>version</th></tr>
{% for name, version in provenance.versions.items() %}
<tr><td>{{ name }}</td><td>{{ version }}</td></tr>
{% endfor %}
</table>
<p>Settings, hashes of the code of every step and the sha256 of {{ provenance.sha256 | length }} files (sums, denoised micrographs, networks) stand in <code>results/provenance.json</code>.</p>
<details><summary>All settings</summary><pre>{{ provenance.settings | tojson(indent=2) }}</pre></details>
</body>
</html>
"""
