// Answers the paper's claims: compares each config of configs/claims (finished runs are not trained again), judges the
// tables as list.ts says, and writes docs/claims.md, its pictures, and the table in README.md.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Comparison } from '../../src/comparison/comparison.js';
import { readComparison } from '../../src/comparison/stored/comparison-file.js';
import { must } from '../../src/support/must.js';
import { counted } from '../../src/support/whole-number.js';
import { refuse, wordsOf } from '../usage.js';
import type { Answer, Claim, Header, Table, Tables, Variant } from './claim.js';
import { measuredSpeed, secondsLeft } from './duration.js';
import { claims } from './list.js';
import { ple, printed } from './ple.js';

const usage = `Usage: npm run claims -- [--only NAME[,NAME]] [--quick] [--small] [--runs FOLDER] [--jobs N] [--data FOLDER]
  --only    these claims; the others keep what docs/claims.md says of them
  --quick   three draws, a tenth of made rows, a third of the trials of a random search: wider intervals; prints the page; writes no docs
  --small   few rows, seeds and epochs: tries the plumbing and prints the page; writes no docs
  --data    the folder of Census-Income's files (default: datasets/census-income)
Prints first how long the missing runs will take on this machine. Finished runs are not trained again. Writes docs/claims.md, its pictures and the table in
README.md. A claim whose files are not here keeps what they say; the exit code is 2.`;
const { values } = wordsOf(usage, {
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: 'runs/claims' },
    jobs: { type: 'string', default: '2' },
    data: { type: 'string', default: 'datasets/census-income' },
  },
});
const { small, quick } = values;
const tried = small || quick;
const runs = quick ? `${values.runs}-quick` : values.runs;
const only = values.only?.split(',');
const unknown = only?.find((name) => !claims.some((claim) => claim.name === name));
if (unknown) refuse(usage, `${unknown}: no such claim. There are ${claims.map(({ name }) => name).join(', ')}.`);
const page = 'docs/claims.md';
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

interface Section {
  readonly line: string;
  readonly text: string;
}
const asked = claims.filter(({ name }) => !only || only.includes(name));
const cannot = asked.filter((claim) => absentOf(claim).length > 0);
for (const claim of cannot)
  console.error(
    `${claim.name} is not run: it wants the files of ${absentOf(claim).join(', ')}, as ${claim.needs?.join('.md, ')}.md says.`,
  );
const able = asked.filter((claim) => !cannot.includes(claim));
if (able.length === 0) process.exit(2);
if (!small) await sayDurations();
const sections: Section[] = [];
const compared = new Set<string>();
for (const claim of claims)
  sections.push(able.includes(claim) ? await answered(claim) : (sectionOnPage(claim) ?? waiting(claim)));
const table = [
  '| claim | in the paper | verdict | found (a/b: equal parameters/equal widths) | runs, minutes |',
  '| --- | --- | --- | --- | --- |',
];
const lines = [...table, ...sections.map(({ line }) => line)].join('\n');
const written = `${readFileSync('scripts/claims/head.md', 'utf8')}\n${lines}\n\n${sections.map(({ text }) => text).join('\n')}`;
if (tried) process.stdout.write(written);
else {
  writeFileSync(page, written);
  const readme = readFileSync('README.md', 'utf8');
  const place = /(?<=<!-- claims -->\n)[\s\S]*(?=<!-- end of claims -->)/;
  if (!place.test(readme)) throw new Error('README.md has no place for the claims.');
  const run = lines.replaceAll(/^.*\*\*not run\*\*.*\n?/gm, '');
  const short = run
    .replaceAll(/^(\| [^|]* )\| [^|]* (\| [^|]* \| [^|]* \|).*$/gm, '$1$2')
    .replaceAll('](#', '](docs/claims.md#');
  const renewed = readme.replace(place, () => `\n${short.trimEnd()}\n\n`);
  writeFileSync('README.md', renewed);
}
if (cannot.length > 0) process.exitCode = 2;

/** The folders of data that the claim needs and that have no files. */
function absentOf({ needs = [] }: Claim): string[] {
  return needs.map(folderOf).filter((folder) => !existsSync(folder) || readdirSync(folder).length === 0);
}

async function answered(claim: Claim): Promise<Section> {
  const [first, ...others] = claim.configs.map(compare);
  const tables: Tables = [must(first, 'a config'), ...others];
  const fresh = checked(claim, tables);
  const answer = await claim.judge(tables, fresh, tried ? runs : 'docs/claims');
  return section(claim, answer, [...tables, ...fresh]);
}

function compare(which: string | Variant): Table {
  const { name, words } = variant(which);
  if (!compared.has(name)) {
    ple(words);
    compared.add(name);
  }
  return tableIn(name);
}

/** The name of a comparison, its overrides, and its command. */
function variant(which: string | Variant) {
  const { config, words, ...own } = typeof which === 'string' ? { config: which, words: [] } : which;
  makeData(config);
  const name = 'name' in own ? own.name : configOf(config).name;
  const file = `configs/claims/${config}.yaml`;
  const data = config.startsWith('census') ? [`dataset.folder=${values.data}`] : [];
  const asked = [`name=${name}`, ...data, ...words];
  const overrides = [...asked, ...(tried ? fewer(file, asked) : [])];
  const options = ['--runs', runs, '--jobs', values.jobs, '--svg'];
  return { config, file, name, overrides, words: ['compare', '--config', file, ...options, ...overrides] };
}

/** How long each claim has still to train. Claims share runs: what one trains the next does not. */
async function sayDurations(): Promise<void> {
  console.error('Measuring this machine...');
  const speed = await measuredSpeed(Number(values.jobs));
  const said = new Set<string>();
  for (const claim of able) {
    const fresh = claim.configs.map(variant).filter(({ name }) => !said.has(name));
    for (const { name } of fresh) said.add(name);
    const seconds = fresh.map(({ file, overrides }) => secondsLeft(file, overrides, runs, speed));
    const minutes = seconds.reduce((sum, one) => sum + one, 0) / 60 / Number(values.jobs);
    console.error(
      `${claim.name}: ${Number.isNaN(minutes) ? 'its rows are not known' : minutes < 1 ? 'under a minute' : `about ${minutes.toFixed(0)} minutes`}`,
    );
  }
}

/** A claim that was not run. */
function waiting(claim: Claim): Section {
  const sentence = claim.needs ? 'its files were not here' : 'not trained yet';
  return section(claim, { verdict: 'not run', sentence, found: [] }, []);
}

/** Further draws at the points that the claim names, which took no part in the answer. */
function checked({ check }: Claim, tables: Tables): readonly Table[] {
  return tried ? [] : (check?.(tables) ?? []).map(compare);
}

function configOf(name: string) {
  return parse(readFileSync(`configs/claims/${name}.yaml`, 'utf8'));
}

/** `--small`: few rows, seeds, epochs, and values of each axis. `--quick`: three draws, a tenth of made rows, a third of random trials. */
function fewer(file: string, overrides: readonly string[]): string[] {
  const { compare, dataset } = printed(['validate', '--config', file, ...overrides]);
  const three = Array.isArray(compare.seeds) ? compare.seeds.slice(0, 3) : Math.min(3, compare.seeds);
  const seeds = `compare.seeds=${JSON.stringify(three)}`;
  if (quick) {
    const rows = dataset.rows && { ...dataset.rows, train: Math.round(dataset.rows.train / 10) };
    const trials = compare.search?.type === 'random' ? Math.ceil(compare.search.candidates / 3) : 0;
    return [
      seeds,
      ...(rows ? [`dataset.rows=${JSON.stringify(rows)}`] : []),
      ...(trials ? [`compare.search.candidates=${trials}`] : []),
    ];
  }
  const ends = Object.entries<unknown[]>(compare.axes ?? {}).map(([key, all]) => [
    key,
    [...new Set([all[0], all.at(-1)])],
  ]);
  return [
    ...[seeds, 'train.epochs=2', 'train.batchSize=32'],
    ...(dataset.rows ? ['dataset.rows={ train: 600, validation: 300, test: 600 }'] : []),
    ...(compare.axes ? [`compare.axes=${JSON.stringify(Object.fromEntries(ends))}`] : []),
  ];
}

/** The files that a config's header says how to make. */
function makeData(name: string): void {
  const { compare } = configOf(name);
  for (const { feed } of compare.axes?.['dataset.files'] ?? []) {
    const [seed = ''] = /\d+/.exec(feed) ?? [];
    const process = ['users=1000', 'items=1000', 'rates.play=0.75'];
    if (!existsSync(feed))
      ple(['synth', '--kind', 'funnel', '--rows', '20000', '--seed', seed, '--out', feed, ...process]);
  }
}

function section(claim: Claim, answer: Answer, tables: readonly Table[]): Section {
  const head = { ...headerOf(variant(must(claim.configs[0], 'a config')).config), ...claim.header };
  const count = tables.reduce((sum, table) => sum + Object.keys(table.timing['runs'] ?? {}).length, 0);
  const minutes = tables.reduce((sum, { timing }) => sum + Number(timing['seconds'] ?? 0) / 60, 0);
  const cost = tables.length === 0 ? '' : `${count}, ${minutes.toFixed(0)}`;
  const title = `[${claim.title}](#${claim.name})`;
  const command = `npm run claims -- --only ${claim.name}`;
  return {
    line: `| ${title} | ${head.paper} | **${answer.verdict}** | ${answer.sentence} | ${cost} |`,
    text: [
      `<a id="${claim.name}"></a>\n## ${claim.title}: ${answer.verdict}\n`,
      `**Claim.** ${head.claim} (${head.paper}.) **Refuted by:** ${head.refuted}\n`,
      head.told,
      answer.found.length > 0 ? `\n**Found:** ${answer.sentence}.\n\n${answer.found.join('\n')}` : '',
      answer.next && `\n**What would decide.** ${answer.next}`,
      ...pictures(claim, tables),
      count > 0
        ? '\n<!-- placeholder: minutes to hours of training; writes tracked files -->'
        : '\n<!-- command; exit 2; as npm run claims --=node --import tsx scripts/claims/claims.ts -->',
      `\n    ${command}${count > 0 ? `        # judged at commit ${commit}; ${count} runs, ${counted(Math.round(minutes), 'minute')} of training` : ''}\n`,
    ]
      .filter(Boolean)
      .join('\n'),
  };
}

/** Copies the claim's charts to docs/claims. */
function pictures({ name, title, charts = [] }: Claim, tables: readonly Table[]): string[] {
  if (tried) return [];
  mkdirSync('docs/claims', { recursive: true });
  return tables.slice(0, charts.length > 0 ? 1 : 0).flatMap((table) => {
    const folder = join(runs, table.name, 'charts');
    return charts.flatMap((chart) => {
      const file = readdirSync(folder).find((file) => file.startsWith(chart) && file.endsWith('.svg'));
      if (!file) return [];
      copyFileSync(join(folder, file), `docs/claims/${name}-${chart}.svg`);
      return [`\n![${title}: ${chart}](claims/${name}-${chart}.svg)`];
    });
  });
}

/** The comment at the head of a config. */
function headerOf(name: string): Header {
  const text = readFileSync(`configs/claims/${name}.yaml`, 'utf8');
  const lines = text.slice(0, text.indexOf('\nname:')).split('\n').slice(1);
  const [claim = '', paper = '', refuted = '', ...others] = lines.map((line) => line.replace(/^# ?/, ''));
  return {
    claim,
    paper: paper.replace('Paper: ', ''),
    refuted: refuted.replace('Refuted by: ', ''),
    told: others
      .filter((line) => !line.startsWith('  '))
      .join('\n')
      .trim(),
  };
}

/** What the page says of a claim that is not run now. */
function sectionOnPage({ name }: Claim): Section | undefined {
  if (!existsSync(page)) return undefined;
  const text = readFileSync(page, 'utf8');
  const line = text.split('\n').find((line) => line.startsWith('| ') && line.includes(`](#${name})`));
  const start = text.indexOf(`<a id="${name}">`);
  const next = text.indexOf('<a id=', start + 1);
  return line && start >= 0 ? { line, text: `${text.slice(start, next < 0 ? undefined : next).trim()}\n` } : undefined;
}

function tableIn(name: string): Table {
  const folder = join(runs, name);
  const comparison: Comparison = readComparison(folder);
  return { ...comparison, folder };
}

function folderOf(folder: string): string {
  return folder === 'datasets/census-income' ? values.data : folder;
}
