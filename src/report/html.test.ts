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
