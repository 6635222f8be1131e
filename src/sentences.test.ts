import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const limit = 25;
const folders = ['docs', 'datasets'];
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  ...folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
].filter((page) => page.endsWith('.md'));

test.each(pages)(`no sentence of %s has more than ${limit} words`, (page) => {
  const long = sentencesOf(readFileSync(join(root, page), 'utf8')).filter(({ words }) => words > limit);
  expect(long.map(({ line, words, text }) => `${page}:${line}: ${words} words: ${text}`)).toEqual([]);
});

test('a title, an item and a cell are sentences too; code and comments have no words', () => {
  const page = [
    ...['# One title', '', 'See [the page](a.md#b), fig. 7 and `npm run claims -- x`.', 'It is *so.* Two', 'lines.'],
    ...['', '- an item', '  goes on', '- a second', '', '| a cell | a. B c |', '| --- | --- |', ''],
    ...['<!-- a comment', 'of two lines -->', '', '    code here', '', '```text', 'no words', '```', '![alt](a.png)'],
    ...['A gain: <!-- =t/row/gain interval -->+1 [0, 2]<!-- / -->.'],
  ].join('\n');
  const found = sentencesOf(page).flatMap(({ line, text, words }) => (words > 0 ? [`${line} ${words} ${text}`] : []));
  expect(found).toEqual([
    ...[
      '1 2 # One title',
      '3 7 See [the page], fig. 7 and `npm run claims -- x`.',
      '3 3 It is *so.*',
      '3 2 Two lines.',
    ],
    ...['7 4 an item goes on', '9 2 a second', '11 2 a cell', '11 1 a.', '11 2 B c', '22 3 A gain: value.'],
  ]);
});

interface Sentence {
  /** Of the page, from 1: where its paragraph, item or row begins. */
  readonly line: number;
  readonly text: string;
  readonly words: number;
}

/** A full stop after these ends no sentence. */
const abbreviations = /(?<!\p{L})(?:al|e\.g|eq|fig|figs|i\.e|pp|vs)\.$/iu;

/**
 * The sentences of a page as it is shown, without code blocks, comments and images. A title, an item and a cell of a table end a
 * sentence too. A code span and a value between markers (scripts/documents/numbers.ts) are one word each.
 */
function sentencesOf(page: string): readonly Sentence[] {
  return textsOf(page).flatMap(({ line, text }) => {
    const plain = text
      .replace(/!\[[^\]]*\]\([^)]*\)|<a id="[^"]*"><\/a>/g, '')
      .replace(/\]\([^)\s]*\)/g, ']')
      .replace(/\s+/g, ' ');
    const parts: string[] = [];
    for (const part of plain.split(/(?<=[.?!][*_)\]”"]*) /)) {
      const last = parts.at(-1);
      if (last !== undefined && abbreviations.test(last)) parts[parts.length - 1] = `${last} ${part}`;
      else parts.push(part);
    }
    return parts.map((part) => ({ line, text: part.trim(), words: wordsIn(part) }));
  });
}

function wordsIn(sentence: string): number {
  const plain = sentence.replace(/(`+)[^`]+\1/g, 'code');
  return plain.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Paragraphs, titles, items and cells. */
function textsOf(page: string): { readonly line: number; readonly text: string }[] {
  const shown = page
    .replace(/<!-- =[^<]*?-->[^<]*<!-- \/ -->/g, 'value')
    .replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ''));
  const texts: { line: number; text: string }[] = [];
  let [fenced, goesOn, isItem] = [false, false, false];
  for (const [index, line] of shown.split('\n').entries()) {
    const last = texts.at(-1);
    const begins = /^\s*([-*]|\d+\.) /.test(line);
    if (line.startsWith('```')) fenced = !fenced;
    else if (fenced || line.trim() === '' || (/^ {4}/.test(line) && !isItem)) goesOn = false;
    else if (line.startsWith('|') || line.startsWith('#')) {
      for (const text of line.split(/(?<!\\)\|/)) texts.push({ line: index + 1, text });
      goesOn = false;
    } else if (goesOn && last && !begins) last.text += ` ${line}`;
    else {
      texts.push({ line: index + 1, text: line.replace(/^\s*([-*]|\d+\.) /, '') });
      goesOn = true;
    }
    if (/^\S/.test(line)) isItem = begins;
  }
  return texts;
}
