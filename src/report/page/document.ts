import { createHash } from 'node:crypto';
import { chartStyles } from '../charts/palette.js';
import { type Html, html, toText, trusted } from '../html.js';

/** The report's style sheet. Colours are the variables of the charts. */
const style = `
:root { color-scheme: light dark; --tint: color-mix(in srgb, var(--ink) 4%, var(--page)); }
*, ::before, ::after { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; scroll-padding-top: 4rem; }
body { margin: 0 auto; max-width: 92rem; padding: 2rem clamp(1rem, 2vw, 2.5rem) 4rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0 0 .75rem; }
h2 { font-size: 1.375rem; margin: 2.75rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p, ul { margin: .5rem 0; max-width: 52rem; }
a { color: inherit; text-underline-offset: .2em; }
code, pre { font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.lead { font-size: clamp(1.25rem, 1rem + 1.2vw, 1.75rem); font-weight: 600; line-height: 1.25; max-width: 68rem; margin: 0 0 .75rem; text-wrap: pretty; }
.answer { font-size: 1.0625rem; max-width: 60rem; }
.facts, .reading { font-size: .875rem; color: var(--muted); max-width: 66rem; }
.points { list-style: none; padding: 0; max-width: 72rem; }
.points > li { padding: .625rem 0; border-top: 1px solid var(--rule); }
.points b { display: block; font-weight: 400; color: var(--muted); }
.notes { border-left: 3px solid var(--worse); padding-left: 1rem; margin: 1.25rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.25rem 0 0; max-width: none; }

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

figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; max-width: 34rem; }
figcaption { font-weight: 600; margin: 1.25rem 0 .25rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1rem 1.25rem; }
.plots:has(> :only-child) { grid-template-columns: minmax(0, 34rem); }
.small .plots { grid-template-columns: repeat(auto-fill, minmax(min(11rem, 45%), 1fr)); gap: .5rem .75rem; }
.small svg { max-width: 17rem; }
[data-tip] { cursor: default; }
figure text:not([data-tip]) { pointer-events: none; }
.shown { stroke: var(--ink); }
.off { visibility: hidden; }
#tip { position: fixed; z-index: 3; max-width: min(26rem, 92vw); padding: .375rem .625rem; border: 1px solid var(--muted); border-radius: .25rem; background: var(--page); color: var(--ink); font-size: .8125rem; line-height: 1.4; white-space: pre-line; pointer-events: none; font-variant-numeric: tabular-nums; }
#tip[hidden] { display: none; }

.scroll { position: relative; overflow-x: auto; margin: 1rem 0; background: linear-gradient(to left, var(--page) 50%, transparent) right / 2rem 100% no-repeat local, linear-gradient(to left, var(--rule), transparent) right / 1rem 100% no-repeat; }
table { border-collapse: collapse; font-size: .75rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .4375rem; vertical-align: top; text-align: left; white-space: nowrap; }
tr:has(th[scope="row"]) > * { border-top: 1px solid var(--rule); }
th[scope="row"] { font-weight: 600; white-space: normal; overflow-wrap: anywhere; min-width: 6rem; max-width: 14rem; }
tr > :first-child { padding-left: 0; position: sticky; left: 0; background: var(--page); }
thead th { color: var(--muted); font-weight: 400; vertical-align: bottom; }
.number { text-align: right; }
td.better { color: var(--better); font-weight: 600; }
td.worse { color: var(--worse); font-weight: 600; }
.columns { columns: 2 28rem; column-gap: 2.5rem; max-width: none; }
:focus-visible, .models button:focus-visible { outline: 2px solid var(--better); outline-offset: 2px; border-radius: 2px; }

pre { background: var(--tint); padding: .75rem 1rem; overflow-x: auto; border-radius: .25rem; overflow-wrap: normal; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
details { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: .5rem 0; }
.runs { padding-left: 1.125rem; font-size: .875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media screen and (max-width: 56rem) {
  .models { position: static; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
@page { margin: 14mm; }
@page wide { size: landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; }
  html { font-size: 12px; }
  body { max-width: none; padding: 0; }
  nav, #tip { display: none; }
  .models { position: static; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  #numbers { page: wide; }
  .gains { font-size: 9px; }
  .gains th, .gains td { padding: .125rem .25rem; }
  h2, h3, .reading, .key, figcaption { break-after: avoid; }
  figure svg, tr, .reading, #again > pre { break-inside: avoid; }
  .plots { grid-template-columns: 1fr 1fr; gap: 1rem; }
  .small .plots { grid-template-columns: repeat(4, 1fr); gap: .5rem; }
}
`;

/**
 * The report's only script. Without it, the page still has all content except the values of points.
 *
 * - A mark with `data-tip` shows it under the pointer. With the keyboard, a plot is one tab stop, and the arrow keys go
 *   from mark to mark.
 * - A button with `data-model` hides the marks of this model in all charts.
 */
const script = `
const tip = document.getElementById('tip');
let shown;
const hide = () => {
  shown?.classList.remove('shown');
  shown = undefined;
  tip.hidden = true;
};
const show = (mark, x, y) => {
  hide();
  shown = mark;
  mark.classList.add('shown');
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const [right, bottom] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  tip.style.left = Math.max(4, x + 14 + width > right ? x - 14 - width : x + 14) + 'px';
  tip.style.top = Math.max(4, y + 14 + height > bottom ? y - 10 - height : y + 14) + 'px';
};
const follow = (event) => {
  const mark = event.target.closest?.('[data-tip]:not(.off)');
  if (mark) show(mark, event.clientX, event.clientY);
  else hide();
};
for (const type of ['pointerover', 'pointermove', 'pointerdown']) addEventListener(type, follow);
document.documentElement.addEventListener('pointerleave', hide);
addEventListener('scroll', hide);

for (const plot of document.querySelectorAll('svg[role="img"]')) {
  if (!plot.querySelector('[data-tip]')) continue;
  let at = 0;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const showAt = () => {
    const all = [...plot.querySelectorAll('[data-tip]:not(.off)')];
    const marks = [...new Map(all.map((mark) => [mark.dataset.tip, mark])).values()]; // a gain has several
    if (marks.length === 0) return hide();
    at = (at + marks.length) % marks.length;
    const box = marks[at].getBoundingClientRect();
    show(marks[at], box.right, box.bottom);
  };
  plot.setAttribute('tabindex', '0');
  plot.addEventListener('focus', () => plot.matches(':focus-visible') && showAt());
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide();
    if (!(event.key in steps)) return;
    event.preventDefault();
    at += steps[event.key];
    showAt();
  });
}

for (const button of document.querySelectorAll('button[data-model]'))
  button.addEventListener('click', () => {
    const off = button.getAttribute('aria-pressed') === 'true';
    button.setAttribute('aria-pressed', String(!off));
    for (const mark of document.querySelectorAll('figure [data-model]'))
      if (mark.dataset.model === button.dataset.model) mark.classList.toggle('off', off);
  });
`;

const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * A self-contained page in one file. Its content security policy forbids all requests and all scripts but its own.
 * Texts from a config or a data set are escaped.
 */
export function htmlDocument(title: string, body: Html): string {
  return toText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${trusted(`${chartStyles}${style}`)}</style>
</head>
<body>
${body}
<div id="tip" role="status" hidden></div>
<script>${trusted(script)}</script>
</body>
</html>
`);
}
