import { expect, test } from 'vitest';
import { html, toText, trusted } from './html.js';

test('a value is text, in content and in attributes', () => {
  const value = `"><img src=x onerror='alert(1)'> & &amp;`;
  const escaped = '&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; &amp;amp;';
  expect(toText(html`<a title="${value}">${value}</a>`)).toBe(`<a title="${escaped}">${escaped}</a>`);
});

test('markup in markup is not escaped again; arrays are joined, null is nothing', () => {
  const items = ['a<b', 'c'].map((text) => html`<li>${text}</li>`);
  expect(toText(html`<ul>${items}</ul>${null}${[1, [2, '&']]}`)).toBe('<ul><li>a&lt;b</li><li>c</li></ul>12&amp;');
  expect(toText(html`${trusted('<b>')}`)).toBe('<b>');
});

test('an object that looks like markup in a config cannot be it', () => {
  const config: unknown = JSON.parse('{"markup": "<b>", "Symbol(markup)": "<b>"}');
  expect(toText(html`${JSON.stringify(config)}`)).not.toContain('<b>');
});

test('control characters that HTML does not have are replaced, line ends and tabs stay', () => {
  expect(toText(html`${'a\u0000\u001b\tb\n'}`)).toBe('a\ufffd\ufffd\tb\n');
});
