import { createHash } from 'node:crypto';
import { chartStyles } from '../charts/palette.js';
import { type Html, html, toText, trusted } from '../html.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './style.js';

const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(pageScript).digest('base64')}'`,
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
<script>${trusted(pageScript)}</script>
</body>
</html>
`);
}

/** Links to the sections of a page. */
export function contents(sections: readonly { readonly id: string; readonly title: string }[]): Html {
  return html`<nav aria-label="Contents"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`;
}
