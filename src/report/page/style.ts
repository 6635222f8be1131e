/** The report's style sheet. Colours are the variables of the charts. */
export const pageStyle = `
:root { color-scheme: light dark; --tint: color-mix(in srgb, var(--ink) 4%, var(--page)); }
*, ::before, ::after { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { margin: 0 auto; max-width: 88rem; padding: 2rem clamp(1rem, 3vw, 2.5rem) 4rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0 0 .75rem; }
h2 { font-size: 1.375rem; margin: 3rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.0625rem; margin: 2rem 0 .5rem; }
p, ul, dl { margin: .5rem 0; max-width: 46rem; }
a { color: inherit; text-underline-offset: .2em; }
code, pre { font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.lead { font-size: clamp(1.375rem, 1rem + 1.6vw, 2rem); font-weight: 600; line-height: 1.25; max-width: 50rem; margin: 0 0 .75rem; text-wrap: pretty; }
.facts { color: var(--muted); }
.points { list-style: none; padding: 0; max-width: 50rem; }
.points li { padding: .625rem 0; border-top: 1px solid var(--rule); }
.points b { display: block; font-weight: 400; color: var(--muted); }
.notes { border-left: 3px solid var(--worse); padding-left: 1rem; margin: 1.25rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.5rem 0 0; max-width: none; }
ul.words { padding-left: 1.125rem; }
details.words { border-bottom: 0; }
.words li { margin: .25rem 0; }
.reading { font-size: .875rem; color: var(--muted); }
.scroll { position: relative; overflow-x: auto; margin: 1rem 0; background:
  linear-gradient(to left, var(--page) 1rem, transparent) right / 2.5rem 100% no-repeat local,
  linear-gradient(to left, color-mix(in srgb, var(--ink) 30%, transparent), transparent) right / 1rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .4375rem .5rem; vertical-align: top; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th[scope="row"] { font-weight: 600; padding-left: 0; position: sticky; left: 0; background: var(--page); white-space: normal; min-width: 7rem; max-width: 14rem; overflow-wrap: anywhere; }
thead th { color: var(--muted); font-weight: 400; vertical-align: bottom; }
thead td { border: 0; }
thead th.text:first-child { padding-left: 0; position: sticky; left: 0; background: var(--page); }
.group { text-align: center; color: var(--ink); font-weight: 600; border-bottom-color: var(--muted); white-space: normal; }
.group small { display: inline; }
.number { text-align: right; }
small { display: block; font-size: .75rem; font-weight: 400; color: var(--muted); }
.baseline > * { background: var(--tint); }
.baseline > th[scope="row"] { background: color-mix(in srgb, var(--ink) 4%, var(--page)); }
.better { color: var(--better); font-weight: 600; }
.worse { color: var(--worse); font-weight: 600; }
.verdict { border: 1px solid var(--muted); border-radius: 1rem; padding: .0625rem .5625rem; }
.v0, .v1 { border-color: var(--better); color: var(--better); }
.v3, .v4 { border-color: var(--worse); color: var(--worse); }
th button { all: unset; cursor: pointer; display: inline-block; position: relative; padding-right: .875em; }
thead .number { white-space: normal; min-width: 4.5rem; }
th button::after { content: "\\2195"; position: absolute; right: 0; bottom: 0; opacity: .45; }
[aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1; }
[aria-sort="descending"] button::after { content: "\\2193"; opacity: 1; }
th button:hover { color: var(--ink); }
:focus-visible, th button:focus-visible { outline: 2px solid var(--better); outline-offset: 2px; border-radius: 2px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 31rem)); gap: 2rem 2.5rem; margin-top: 1.25rem; }
figure { margin: 0; min-width: 0; }
.matrix { display: grid; gap: 1.5rem; margin-top: 1.25rem; grid-template-columns: minmax(0, 31rem); }
.matrix > div { min-width: 0; }
@media (min-width: 60rem), print {
  .matrix { grid-template-columns: repeat(var(--columns), minmax(0, 31rem)); }
  .matrix > div { grid-area: var(--row) / var(--column); }
  .matrix figcaption { grid-column: 1 / -1; }
}
figure svg { display: block; }
figcaption { font-size: .8125rem; color: var(--muted); margin-top: .5rem; max-width: 32rem; }
dl > div { display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr; gap: 1rem; padding: .25rem 0; border-bottom: 1px solid var(--rule); }
dt { color: var(--muted); }
dd { margin: 0; font-variant-numeric: tabular-nums; }
pre { background: var(--tint); padding: .75rem 1rem; overflow-x: auto; border-radius: .25rem; overflow-wrap: normal; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
.checksum { font-weight: 400; white-space: nowrap; }
.data th[scope="row"], .data thead th.text:first-child { position: static; max-width: none; }
details { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: .5rem 0; }
.runs { padding-left: 1.125rem; font-size: .875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  body { padding-top: 1.25rem; }
  th, td { padding: .4375rem .5rem; }
  th[scope="row"] { max-width: 8rem; }
}
@page { margin: 14mm; }
@page wide { size: landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; }
  html { font-size: 12px; }
  body { max-width: none; padding: 0; }
  nav, th button::after { display: none; }
  .scroll, pre { overflow: visible; }
  .scroll { background: none; }
  .scroll:has(.gains) { page: wide; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .gains { font-size: 10px; }
  .gains small { font-size: 8.5px; }
  .gains th, .gains td { padding: .25rem .3125rem; }
  th[scope="row"], thead th.text:first-child { position: static; }
  h2, h3 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; gap: 1rem; }
}
`;
