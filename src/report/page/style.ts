/** The report's style sheet. Colours are the variables of the charts. */
export const pageStyle = `
:root { color-scheme: light dark; --tint: color-mix(in srgb, var(--ink) 4%, var(--page)); }
*, ::before, ::after { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; scroll-padding-top: 4rem; }
body { margin: 0 auto; max-width: 92rem; padding: 2rem clamp(1rem, 2vw, 2.5rem) 4rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0 0 .75rem; }
h2 { font-size: 1.375rem; margin: 2.75rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p, ul, dl { margin: .5rem 0; max-width: 52rem; }
a { color: inherit; text-underline-offset: .2em; }
code, pre { font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.lead { font-size: clamp(1.25rem, 1rem + 1.2vw, 1.75rem); font-weight: 600; line-height: 1.25; max-width: 68rem; margin: 0 0 .75rem; text-wrap: pretty; }
.answer { font-size: 1.0625rem; max-width: 60rem; }
.facts, .reading { font-size: .875rem; color: var(--muted); max-width: 66rem; }
.findings { list-style: none; padding: 0; margin: 1rem 0; max-width: 72rem; }
.findings > li { display: grid; grid-template-columns: 11.5rem 1fr; gap: .125rem 1rem; align-items: baseline; padding: .3125rem 0; border-top: 1px solid var(--rule); }
.findings > li > .verdict { justify-self: start; }
.points { list-style: none; padding: 0; max-width: 72rem; }
.points > li { padding: .625rem 0; border-top: 1px solid var(--rule); }
.points b { display: block; font-weight: 400; color: var(--muted); }
.notes { border-left: 3px solid var(--worse); padding-left: 1rem; margin: 1.25rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.25rem 0 0; max-width: none; }

.verdict { border: 1px solid var(--muted); border-radius: 1rem; padding: .0625rem .5625rem; font-size: .8125rem; white-space: nowrap; }
.verdict.better { border-color: var(--better); color: var(--better); }
.verdict.worse { border-color: var(--worse); color: var(--worse); }
.verdict.equal { border-color: var(--equal); color: var(--equal); }

.key { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; margin: .5rem 0; max-width: none; font-size: .8125rem; }
.key li { display: flex; align-items: center; }
.symbol { flex: none; margin-right: .375rem; }
.models { position: sticky; top: 0; z-index: 2; background: var(--page); border-bottom: 1px solid var(--rule); margin: 1.5rem 0 0; padding: .25rem 0; }
.models .key { gap: 0 .25rem; margin: 0; }
.models button { all: unset; cursor: pointer; display: flex; align-items: center; padding: .1875rem .5rem; border-radius: .25rem; }
.models button:hover { background: var(--tint); }
.models button[aria-pressed="false"] { text-decoration: line-through; color: var(--muted); }
.models button[aria-pressed="false"] .symbol { opacity: .25; }

.models + section > h2 { border-top: 0; margin-top: .75rem; }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26.5rem), 1fr)); gap: 1.5rem 1.25rem; }
figure { margin: 0; min-width: 0; }
figure.several { grid-column: 1 / -1; }
figure svg[role] { display: block; width: 100%; height: auto; max-width: 36rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26.5rem), 1fr)); gap: 1rem 1.25rem; }
.small .panels { grid-template-columns: repeat(auto-fill, minmax(10.25rem, 1fr)); gap: .5rem .75rem; }
.small svg { max-width: 16rem; }
@media (min-width: 60rem) {
  .pairs { grid-template-columns: repeat(2, minmax(0, 32rem)); }
  .lone { display: grid; grid-template-columns: minmax(0, 33rem) minmax(0, 1fr); column-gap: 2.5rem; }
  .lone > h2 { grid-column: 1 / -1; }
  .lone > .words { grid-column: 2; grid-row: 2; }
  .lone > .charts { display: block; }
  .lone .panels { display: block; }
  .small .panels { grid-template-columns: repeat(auto-fill, minmax(12.75rem, 1fr)); }
}
#experts .charts { display: block; columns: 3 24rem; column-gap: 1.25rem; }
#experts figure { break-inside: avoid; padding-bottom: 1.25rem; }
figure > h3 { margin: .25rem 0; }
.small > h3 { margin-top: 1.25rem; }
figcaption { font-size: .8125rem; color: var(--muted); max-width: 40rem; }
figcaption p { margin: .25rem 0; }
[data-tip] { cursor: default; }
figure text:not([data-tip]) { pointer-events: none; }
.shown { stroke: var(--ink); stroke-width: 2.5px; }
rect.shown { stroke-width: 1.5px; }
.off { visibility: hidden; }
.dim { opacity: .1; }
#tip { position: fixed; z-index: 3; max-width: min(26rem, 92vw); padding: .375rem .625rem; border: 1px solid var(--muted); border-radius: .25rem; background: var(--page); color: var(--ink); font-size: .8125rem; line-height: 1.4; white-space: pre-line; pointer-events: none; box-shadow: 0 .125rem .5rem color-mix(in srgb, var(--ink) 25%, transparent); font-variant-numeric: tabular-nums; }
#tip[hidden] { display: none; }

.scroll { position: relative; overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .4375rem .5rem; vertical-align: top; text-align: left; border-bottom: 1px solid var(--rule); }
th[scope="row"] { font-weight: 600; padding-left: 0; overflow-wrap: anywhere; }
thead th { color: var(--muted); font-weight: 400; vertical-align: bottom; }
thead th.task { overflow-wrap: anywhere; }
thead th:first-child { padding-left: 0; }
.number { text-align: right; }
td.number { white-space: nowrap; }
.gains { width: 100%; }
.gains td.number { min-width: 4.5rem; }
.gains td.mean { min-width: 7rem; }
.gains th[scope="row"] { min-width: 7rem; }
.gains thead th button { white-space: nowrap; }
.gains thead th.task button { white-space: normal; }
small { display: block; font-size: .75rem; font-weight: 400; color: var(--muted); }
.gains td small { white-space: normal; }
.task small span, .mean small span, .gains td small.known { white-space: nowrap; }
.dense .known span { display: block; }
.dense { font-size: .8125rem; }
.dense th, .dense td { padding: .375rem; }
.gains.dense th[scope="row"] { min-width: 5.5rem; }
.gains.dense td.mean { min-width: 6rem; }
.dense .relative { display: block; }
.dense small { font-size: .6875rem; }
.dense .verdict { font-size: .75rem; padding: 0 .4375rem; }
.gains th:first-child { padding-left: 0; }
.columns { columns: 2 28rem; column-gap: 2.5rem; max-width: none; }
.relative { white-space: nowrap; }
.baseline > * { background: var(--tint); }
td.better b, td.better [aria-hidden] { color: var(--better); }
td.worse b, td.worse [aria-hidden] { color: var(--worse); }
td.equivalent b, td.equivalent [aria-hidden] { color: var(--equal); }
td.undecided b { font-weight: 500; }
th button { all: unset; cursor: pointer; position: relative; padding-right: .875em; }
th.number button { margin-left: 0; }
thead small { font-size: .6875rem; }
th button::after { content: "\\2195"; position: absolute; right: 0; bottom: 0; opacity: .45; }
[aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1; }
[aria-sort="descending"] button::after { content: "\\2193"; opacity: 1; }
th button:hover { color: var(--ink); }
:focus-visible, th button:focus-visible, .models button:focus-visible { outline: 2px solid var(--better); outline-offset: 2px; border-radius: 2px; }

dl > div { display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr; gap: 1rem; padding: .25rem 0; border-bottom: 1px solid var(--rule); }
dt { color: var(--muted); }
dd { margin: 0; font-variant-numeric: tabular-nums; }
pre { background: var(--tint); padding: .75rem 1rem; overflow-x: auto; border-radius: .25rem; overflow-wrap: normal; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
details { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: .5rem 0; }
.runs { padding-left: 1.125rem; font-size: .875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media screen and (max-width: 56rem) {
  .findings > li { grid-template-columns: 1fr; }
  .stacks, .stacks tbody, .stacks tr, .stacks th, .stacks td, .stacks thead { display: block; }
  .stacks thead tr { display: flex; flex-wrap: wrap; gap: .25rem .75rem; }
  .stacks thead tr::before { content: "sort by"; color: var(--muted); }
  .stacks thead th { border: 0; padding: 0; }
  .stacks thead small { display: none; }
  .stacks tbody tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem 1rem; padding: .75rem 0; border-bottom: 1px solid var(--rule); }
  .stacks tbody th, .stacks tbody td { border: 0; padding: 0; text-align: left; max-width: none; }
  .stacks tbody th { grid-column: 1 / -1; font-size: 1rem; }
  .stacks tbody td::before { content: attr(data-label); display: block; overflow-wrap: anywhere; color: var(--muted); font-size: .75rem; }
  .stacks td[data-label="verdict"] { grid-column: 1 / -1; }
  .stacks td[data-label="verdict"]::before { display: none; }
  .baseline { background: var(--tint); }
  .stacks tbody td.number { white-space: normal; min-width: 0; }
  .known span { display: block; }
  .models { position: static; }
}
@page { margin: 14mm; }
@page wide { size: landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; }
  html { font-size: 12px; }
  body { max-width: none; padding: 0; }
  nav, th button::after, #tip { display: none; }
  .models { position: static; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  #numbers { page: wide; }
  .gains { font-size: 9.5px; }
  .gains small { font-size: 8px; }
  .gains th, .gains td { padding: .25rem; }
  .gains td.mean, .gains td.number { min-width: 0; }
  h2, h3, .words, .words > * { break-after: avoid; }
  figure svg, tr { break-inside: avoid; }
  .charts, .panels { grid-template-columns: 1fr 1fr; gap: 1rem; }
  .lone, .lone .charts { display: block; }
  .lone svg { max-width: 60%; }
  .small .panels { grid-template-columns: repeat(5, 1fr); gap: .5rem; }
}
`;
