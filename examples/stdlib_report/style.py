"""The look of the report, in light and in dark."""

from typing import Final

CSS: Final = """
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --card: #ffffff; --ink: #1b212c; --muted: #687182; --line: #e3e6eb;
  --calm: #4c8c8a; --busy: #d39324; --hard: #c0473c; --arc: #5b7fb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1a2029; --ink: #e5e9ef; --muted: #97a1b1; --line: #2c3440;
    --calm: #62b0ac; --busy: #e0aa4a; --hard: #e27468; --arc: #82a6da;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1000px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; }
h2 { font-size: 19px; margin: 0 0 4px; letter-spacing: -0.01em; }
p { margin: 0 0 14px; color: var(--muted); max-width: 72ch; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 22px 24px; margin: 20px 0;
}
svg { display: block; width: 100%; height: auto; font-size: 12px; fill: var(--ink); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 26px 0 4px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: 13px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--muted); margin-bottom: 10px; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px; }
.calm { fill: var(--calm); } .busy { fill: var(--busy); } .hard { fill: var(--hard); }
i.calm { background: var(--calm); } i.busy { background: var(--busy); } i.hard { background: var(--hard); }
.grid { stroke: var(--line); stroke-width: 1; }
.tick, .axis, .remark { fill: var(--muted); }
.axis { font-size: 13px; }
.dot { fill-opacity: 0.62; stroke: var(--card); stroke-width: 0.6; }
.dot:hover { fill-opacity: 1; stroke: var(--ink); }
.label { font-size: 11px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
.value { font-weight: 600; }
.hub { fill: var(--arc); }
.arc { fill: none; stroke: var(--arc); stroke-opacity: 0.22; pointer-events: none; }
.spoke { cursor: default; }
.spoke:hover .arc { stroke: var(--hard); stroke-opacity: 0.9; }
.spoke:hover .hub { fill: var(--hard); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th { font-weight: 600; color: var(--muted); }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.text { text-align: left; }
th.text { text-align: left; }
summary { cursor: pointer; color: var(--muted); }
details table { margin-top: 12px; }
footer { color: var(--muted); font-size: 13px; margin-top: 28px; }
"""
