import { createHash } from 'node:crypto';
import { chartStyles } from '../charts/palette.js';
import { type Html, html, toText, trusted } from '../html.js';
import { pageStyle } from './style.js';

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
<style>${trusted(`${chartStyles}${pageStyle}`)}</style>
</head>
<body>
${body}
<div id="tip" role="status" hidden></div>
<script>${trusted(script)}</script>
</body>
</html>
`);
}
