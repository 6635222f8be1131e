import { documentWith, policyOf } from '../page/document.js';
import { html } from '../page/html.js';
import { pageScript } from '../page/page-script.js';

/**
 * Polls every two seconds while something trains, else every ten. Replaces the sections that differ. The visible part
 * stays in its place, hidden models stay hidden, and the focus stays.
 */
const script = `${pageScript}
document.documentElement.style.overflowAnchor = 'none';
const main = document.querySelector('main');
let sections = new Map(); // in the order of the page
let version = '';
const set = (id, text) => {
  const element = document.getElementById(id);
  if (element.textContent !== text) element.textContent = text;
};
const elementOf = (text) => {
  const template = document.createElement('template');
  template.innerHTML = text;
  return template.content.firstElementChild;
};
const keepingPlace = (ids, change) => {
  const top = (id) => sections.get(id)?.element.getBoundingClientRect().top;
  const stays = ([id, { element }]) => ids.includes(id) && id !== 'models' && element.getBoundingClientRect().bottom > 0; // models stick to the top
  const seen = [...sections].find(stays)?.[0];
  const before = top(seen);
  change();
  const after = top(seen);
  if (scrollY > 0 && before !== undefined && after !== undefined) scrollBy(0, after - before);
};
const replace = (next) => {
  const ids = next.map(({ id }) => id);
  for (const [id, { element }] of sections) if (!ids.includes(id)) element.remove();
  const now = new Map();
  let last = null;
  for (const { id, html } of next) {
    const old = sections.get(id);
    let element = old?.element;
    if (old?.html !== html) {
      const stops = (root) => [...root.querySelectorAll('button, [tabindex]')];
      const focused = element ? stops(element).indexOf(document.activeElement) : -1;
      if (shown && element?.contains(shown)) hide();
      const made = elementOf(html);
      if (element) element.replaceWith(made);
      else if (last) last.after(made);
      else main.prepend(made);
      element = made;
      bind(element);
      if (focused >= 0) stops(element)[focused]?.focus({ preventScroll: true });
    }
    now.set(id, { html, element });
    last = element;
  }
  sections = now;
  for (const { dataset } of document.querySelectorAll('button[data-model][aria-pressed="false"]'))
    for (const mark of document.querySelectorAll('figure [data-model]'))
      if (mark.dataset.model === dataset.model) mark.classList.add('off');
};
const poll = async () => {
  let wait = 2000;
  try {
    const response = await fetch('live?since=' + version, { cache: 'no-store' });
    if (!response.ok) throw new Error(response.statusText);
    const live = await response.json();
    document.title = live.title;
    keepingPlace(live.sections?.map(({ id }) => id) ?? [...sections.keys()], () => {
      for (const id of ['name', 'state', 'facts']) set(id, live[id]);
      if (live.sections !== null) replace(live.sections);
    });
    version = live.version;
    if (!live.running) wait = 10000;
  } catch (error) {
    set('state', 'No answer from ple watch: it has ended, or this page is out of reach. Below is what it showed last.');
  }
  setTimeout(poll, wait);
};
poll();
`;

const policy = policyOf(script, "connect-src 'self'", "frame-ancestors 'none'");

/** The page without its content, which the script asks for, and its content security policy for a header. */
export const liveDocument = {
  policy,
  page: documentWith(
    // Without an icon of its own, a browser asks for /favicon.ico.
    { script, policy: policyOf(script, "connect-src 'self'"), head: html`<link rel="icon" href="data:,">` },
    'ple watch',
    html`<header>
<h1 id="name">ple watch</h1>
<p class="lead" id="state" role="status">Reading the folder</p>
<p class="facts" id="facts"></p>
<noscript><p>This page needs JavaScript.</p></noscript>
</header>
<main></main>`,
  ),
};
