import { createHash } from 'node:crypto';
import { chartStyles } from '../charts/palette.js';
import { type Html, html, toText, trusted } from './html.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './style.js';

/**
 * A self-contained page in one file. Its content security policy forbids all requests and all scripts but its own.
 * Texts from a config or a data set are escaped.
 */
export function htmlDocument(title: string, body: Html): string {
  return documentWith({ script: pageScript, policy: policyOf(pageScript) }, title, body);
}

/** A content security policy that allows this script, and nothing else that is not named in `more`. */
export function policyOf(script: string, ...more: readonly string[]): string {
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    ...more,
  ].join('; ');
}

/** A page with a script of its own. */
export function documentWith(
  { script, policy, head = null }: { readonly script: string; readonly policy: string; readonly head?: Html | null },
  title: string,
  body: Html,
): string {
  return toText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>${head}
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

/** Links to the sections of a page. */
export function contents(sections: readonly { readonly id: string; readonly title: string }[]): Html {
  return html`<nav aria-label="Contents"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`;
}
