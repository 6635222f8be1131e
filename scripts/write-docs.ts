import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { models } from '../src/models/catalogue.js';
import { commonOptions } from '../src/models/options.js';
import { wordsOf } from './usage.js';

// Writes the lists of models in the README and in docs/ from the catalogue. Each stands between two comments, the first with its name.
const usage = 'Usage: npm run docs [-- --check]';
const { check } = wordsOf(usage, { options: { check: { type: 'boolean', default: false } } }).values;
const root = join(import.meta.dirname, '..');

const outdated = [
  write(
    'README.md',
    'models',
    table(['name', 'what the tasks share, above the input', 'source'], models.all.map(summaryRow)),
  ),
  write('docs/config.md', 'keys of models', table(['type', 'levels', 'tower', 'other keys'], models.all.map(keysRow))),
].flat();
if (check && outdated.length > 0) {
  console.error(`${outdated.join(', ')}: not what the catalogue says. Run npm run docs.`);
  process.exitCode = 1;
}

/** The file's name, if the list between its comments is another. */
function write(file: string, list: string, text: string): string[] {
  const path = join(root, file);
  const [begin, end] = [`<!-- ${list}: npm run docs -->\n`, `<!-- end of ${list} -->\n`];
  const before = readFileSync(path, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${list}: ${begin}`);
  const after = `${before.slice(0, from)}${begin}\n${text}\n${before.slice(to)}`;
  if (after === before) return [];
  if (!check) writeFileSync(path, after);
  return [file];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

function summaryRow({ name, summary, source }: (typeof models.all)[number]): string[] {
  return [`\`${name}\``, summary, source];
}

/** Defaults of its keys. */
function keysRow({ name, options }: (typeof models.all)[number]): string[] {
  const common = Object.keys(commonOptions({ tower: [] }));
  const byDefault = (key: string) => {
    const parsed = z.safeParse(options.shape[key] ?? z.never(), undefined);
    return parsed.success ? JSON.stringify(parsed.data).replaceAll(',', ', ').replaceAll('"', '') : 'required';
  };
  const own = Object.keys(options.shape).filter((key) => !['type', 'levels', ...common].includes(key));
  return [
    `\`${name}\``,
    `\`${byDefault('levels')}\``,
    `\`${byDefault('tower')}\``,
    own.map((key) => `\`${key}\`: ${byDefault(key)}`).join(', '),
  ];
}
