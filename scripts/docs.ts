// Writes what follows from the program: tables of the documentation, numbers of docs/claims.md, and the schema of configs. With
// --check nothing is written: it fails where a file differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kinds } from '../src/cli/list.js';
import { configSchema, describedKeys, type Key, schemaAt } from '../src/config/config-schema.js';
import { metrics } from '../src/metrics/catalogue.js';
import { models } from '../src/models/catalogue.js';
import { balancings } from '../src/objective/balancing/catalogue.js';
import { gainColumns } from '../src/report/gain-columns.js';
import { must } from '../src/support/must.js';
import { definitions } from '../src/training/definitions.js';
import { filled, numbersOf } from './documents/numbers.js';

const root = resolve(import.meta.dirname, '..');
const pages = ['docs/models.md', 'docs/config.md', 'docs/output.md'];
const schemaFile = 'configs/ple.schema.json';
const schema = configSchema(definitions);

/** By the first word of a mark `<!-- generated: keys train -->`: what stands between it and the next `<!-- end -->`. */
const makers: Readonly<Record<string, (...words: readonly string[]) => string | Promise<string>>> = {
  /** The first keys of a config. */
  parts: () =>
    table(
      ['key', 'default', 'meaning'],
      describedKeys(schema).flatMap((key) => (key.path.length === 1 ? [row(key)] : [])),
    ),
  /** The keys below one, without those of definitions. */
  keys: (path = '') => {
    const here = must(schemaAt(schema, path.split('.')), `schema of '${path}'`);
    const below = describedKeys(here).filter(({ of }) => of.length === 0);
    // An optional mapping without a default: it matters whether it is there. What it needs is needed only then.
    const optional = below.filter(({ path, holdsKeys, standards: [standard] }) => {
      const own = schemaAt(here, path);
      return holdsKeys && standard === '' && own?.default === undefined;
    });
    const holder = ({ path }: Key) =>
      optional.find((key) => key.path.length < path.length && key.path.every((name, i) => path[i] === name));
    const shown = below.filter((key) => !key.holdsKeys || optional.includes(key));
    return table(
      ['key', 'default', 'meaning'],
      shown.map((key) => {
        const [name = '', standard = '', meaning = ''] = row(key);
        const within = standard === 'required' ? holder(key) : undefined;
        return [name, within ? `required within ${code(within.path.join('.'))}` : standard, meaning];
      }),
    );
  },
  /** The options of one definition. */
  options: (path = '', name = '') => {
    const [, ...below] = describedKeys(must(schemaAt(schema, path.split('.'), name), `'${name}' in '${path}'`));
    return table(['key', 'default', 'meaning'], below.map(row));
  },
  /** The options of all definitions that a key chooses from. */
  choice: (path = '') => {
    const chosen = must(schemaAt(schema, path.split('.')), `schema of '${path}'`);
    const names = chosen.oneOf?.map(({ title }) => title ?? '') ?? [];
    const [, ...below] = describedKeys(chosen); // the first is the name
    const shown = below.filter(({ of }) => of.every((name) => names.includes(name)));
    const ofText = ({ of }: Key) => (of.length === names.length ? 'all' : of.map(code).join(', '));
    return table(
      ['key', 'of', 'default', 'meaning'],
      shown.map((key) => {
        const [name = '', ...rest] = row(key);
        return [name, ofText(key), ...rest];
      }),
    );
  },
  /** The metrics of a type of tasks. */
  metrics: (type) => {
    const own = metrics.all.filter((metric) => metric.type === type);
    const arrow = (better: string | null) => (better === null ? '' : better === 'higher' ? ' ↑' : ' ↓');
    return table(
      ['metric', 'meaning'],
      own.map(({ name, better, summary }) => [`${code(name)}${arrow(better)}`, summary]),
    );
  },
  /** The columns of gains.csv. */
  columns: () => code(gainColumns.map(({ name }) => name).join(', ')),
  models: () => sourced(models.all, 'what the tasks share, above the input'),
  balancing: () => sourced(balancings.all, 'summary'),
  /** What `ple list` prints. */
  list: async (kind = '') => {
    const { all } = await kinds.get(kind).from();
    return table(
      ['name', 'summary'],
      all.map(({ name, summary }) => [code(name), summary]),
    );
  },
};

function sourced(all: readonly { name: string; summary: string; source: string }[], summary: string): string {
  return table(
    ['name', summary, 'source'],
    all.map(({ name, summary, source }) => [code(name), summary, source]),
  );
}

function row(key: Key): string[] {
  return [
    code(key.path.join('.').replaceAll('.[]', '[]')),
    key.holdsKeys && key.standards[0] !== 'required' ? '' : standardText(key),
    key.meaning,
  ];
}

/** The value of most definitions, then those of others by name. */
function standardText({ of, standards }: Key): string {
  const [first = ''] = standards;
  const different = [...new Set(standards.filter((standard) => standard !== first))].map((standard) => {
    const names = of.filter((_, index) => standards[index] === standard);
    return `${names.join(', ')}: ${standardCode(standard)}`;
  });
  return [standardCode(first), ...different].join('; ');
}

function standardCode(standard: string): string {
  return /^(|required|null|true|false|-?\d[\d.e-]*)$/.test(standard) ? standard : code(standard);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

async function generated(text: string): Promise<string> {
  const [before = '', ...marked] = text.split('<!-- generated: ');
  const parts = [before];
  for (const part of marked) {
    const [mark = '', ...rest] = part.split(' -->');
    const [name = '', ...words] = mark.split(' ');
    const made = await must(makers[name], `maker '${name}'`)(...words);
    const after = rest.join(' -->').replace(/^.*?<!-- end -->/s, '');
    parts.push(`<!-- generated: ${mark} -->\n\n${made}\n\n<!-- end -->${after}`);
  }
  return parts.join('');
}

const claims = 'docs/claims.md';
const files = [
  { file: claims, made: filled(readFileSync(join(root, claims), 'utf8'), numbersOf(join(root, 'docs/claims'))) },
  { file: schemaFile, made: `${JSON.stringify(schema, null, 2)}\n` },
  ...(await Promise.all(
    pages.map(async (file) => ({ file, made: await generated(readFileSync(join(root, file), 'utf8')) })),
  )),
];
for (const { file, made } of files) {
  if (!process.argv.includes('--check')) writeFileSync(join(root, file), made);
  else if (readFileSync(join(root, file), 'utf8') !== made) {
    console.error(`${file} differs from what the program says: npm run docs`);
    process.exitCode = 1;
  }
}
