import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { loaders } from './data/catalogue.js';
import { metrics } from './metrics/catalogue.js';
import { models } from './models/catalogue.js';
import { balancings } from './objective/balancing/catalogue.js';
import { weightSchedules } from './objective/catalogue.js';
import { optimizers } from './optimizers/catalogue.js';
import { learningRateSchedules } from './optimizers/schedules/catalogue.js';

/** Imports go only to the right (see ARCHITECTURE.md). */
const layers = [
  ...['library.ts', 'cli', 'report', 'comparison', 'serving', 'training', 'tracking', 'engine', 'inspect', 'metrics'],
  ...['objective', 'optimizers', 'models', 'guess', 'data', 'config', 'support'],
];

const source = import.meta.dirname;
const paths = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll(sep, '/'))
  .filter((path) => !path.includes('/goldens')) // files that tests compare with
  .toSorted();
const files = paths
  .filter((path) => /\.[a-z]+$/.test(basename(path)))
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
    const nodes: ts.Node[] = [];
    const visit = (node: ts.Node): void => {
      nodes.push(node);
      node.forEachChild(visit);
    };
    visit(tree);
    return { path, text, tree, nodes };
  });
type File = (typeof files)[number];
const isTest = ({ path }: File) => /\.test\.ts$|[.-]fixture\.(ts|mjs)$/.test(path);
const program = files.filter((file) => !isTest(file));

/** Scripts too: they are a room beside `src`. */
const scripts = readdirSync(join(source, '../scripts'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(source, '../scripts', path), 'utf8');
    return { path: `scripts/${path}`, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext) };
  });

/**
 * What each room may weigh: tokens and bytes of its program (no comments, no blanks), and files. A commit that makes a room smaller lowers its
 * numbers; one that raises a number says in its message what left elsewhere.
 */
const sizes: Readonly<Record<string, Size>> = {
  cli: { tokens: 20646, bytes: 92120, files: 26 },
  comparison: { tokens: 60442, bytes: 219151, files: 56 },
  config: { tokens: 21412, bytes: 85485, files: 16 },
  data: { tokens: 69050, bytes: 256297, files: 36 },
  engine: { tokens: 39346, bytes: 134171, files: 32 },
  guess: { tokens: 8290, bytes: 33366, files: 5 },
  inspect: { tokens: 2665, bytes: 8450, files: 1 },
  'library.ts': { tokens: 1230, bytes: 5642, files: 1 },
  metrics: { tokens: 11472, bytes: 40036, files: 10 },
  models: { tokens: 25453, bytes: 89716, files: 38 },
  objective: { tokens: 10706, bytes: 37356, files: 22 },
  optimizers: { tokens: 5530, bytes: 21205, files: 5 },
  report: { tokens: 27096, bytes: 102838, files: 28 },
  scripts: { tokens: 25029, bytes: 88002, files: 22 },
  serving: { tokens: 16036, bytes: 55310, files: 10 },
  support: { tokens: 8378, bytes: 28458, files: 16 },
  tracking: { tokens: 3430, bytes: 13065, files: 4 },
  training: { tokens: 34700, bytes: 129199, files: 28 },
};

const none: Size = { tokens: 0, bytes: 0, files: 0 };

interface Size {
  readonly tokens: number;
  readonly bytes: number;
  readonly files: number;
}

/** The tokens of a file, or of a part of it, are the leaves of its syntax tree: a scanner alone takes the code after a template's `${…}` for text. */
function sizeOf({ tree }: Pick<File, 'tree'>, root: ts.Node = tree): Omit<Size, 'files'> {
  let tokens = 0;
  let bytes = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(tree);
    children.forEach(visit);
    if (children.length > 0 || node.getWidth(tree) === 0) return;
    tokens += 1;
    bytes += Buffer.byteLength(node.getText(tree));
  };
  visit(root);
  return { tokens, bytes };
}

/** `file:line` of every node for which `chosen` returns a text. */
function findings(among: readonly File[], chosen: (node: ts.Node, file: File) => string | undefined): string[] {
  return among.flatMap((file) =>
    file.nodes.flatMap((node) => {
      const message = chosen(node, file);
      if (message === undefined) return [];
      const { line } = file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree));
      return [`src/${file.path}:${line + 1}: ${message}`];
    }),
  );
}

/** The file below `src` that a node imports: statements, re-exports, `import()` and types alike. */
function importedBy(node: ts.Node, file: File): string | undefined {
  const specifier =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined;
  if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return undefined;
  const target = resolve(source, dirname(file.path), specifier.text);
  return relative(source, target).replaceAll(sep, '/').replace(/\.js$/, '.ts');
}

/** The files below `src` that each file of the program imports. */
const imported = new Map(program.map((file) => [file, file.nodes.flatMap((node) => importedBy(node, file) ?? [])]));

const layerOf = (path: string) => layers.indexOf(path.split('/', 1)[0] ?? '');

test('every file lies in a layer', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(program.filter(({ path }) => layerOf(path) < 0).map(({ path }) => path)).toEqual([]);
});

test('the spine of ARCHITECTURE.md has at most 45,000 tokens, and imports parts through their catalogues alone', () => {
  const page = readFileSync(join(source, '../ARCHITECTURE.md'), 'utf8');
  const named = [...(page.split('## The spine')[1]?.split('\n## ')[0] ?? '').matchAll(/`src\/([^`]+)`/g)].map(
    ([, path]) => path,
  );
  const spine = program.filter(({ path }) => named.includes(path));
  expect(spine.map(({ path }) => path).toSorted()).toEqual(named.toSorted());
  expect(spine.reduce((sum, file) => sum + sizeOf(file).tokens, 0)).toBeLessThanOrEqual(45_000);
  const defines = (node: ts.Node) =>
    ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^define[A-Z]/.test(node.expression.text);
  const parts = new Set(program.filter(({ nodes }) => nodes.some(defines)).map(({ path }) => path));
  const direct = spine
    .flatMap((file) => imported.get(file) ?? [])
    .filter((target) => parts.has(target) && !target.endsWith('/catalogue.ts') && !named.includes(target));
  expect(direct).toEqual([]);
});

test('imports go only down the layers', () => {
  const upward = [...imported].flatMap(([{ path }, targets]) =>
    targets.filter((target) => layerOf(target) < layerOf(path)).map((target) => `${path} imports ${target}`),
  );
  expect(upward).toEqual([]);
});

test('no files import one another in a circle', () => {
  const imports = importsBy((path) => path);
  expect(imports.get('cli/train.ts')).toContain('training/run.ts');
  expect(circles(imports)).toEqual([]);
});

test('no folders of a layer import one another in a circle', () => {
  const imports = importsBy((path) => path.split('/').slice(0, 2).join('/'));
  expect(imports.get('comparison/execute')).toContain('comparison/plan');
  expect(circles(imports)).toEqual([]);
});

test('a folder has at most 25 program files', () => {
  const counts = new Map<string, number>();
  for (const { path } of program) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 25)).toEqual([]);
});

/** What is imported by what, of files or of what `partOf` takes together. */
function importsBy(partOf: (path: string) => string): ReadonlyMap<string, ReadonlySet<string>> {
  const imports = new Map<string, Set<string>>();
  for (const [{ path }, targets] of imported) {
    const part = partOf(path);
    const others = targets.map(partOf).filter((target) => target !== part);
    imports.set(part, new Set([...(imports.get(part) ?? []), ...others]));
  }
  return imports;
}

function circles(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path)) return;
    done.add(path);
    for (const target of imports.get(path) ?? []) follow(target, [...trail, path]);
  };
  for (const path of imports.keys()) follow(path, []);
  return found;
}

test('only the command line prints, and only the launcher ends the process', () => {
  const found = findings(program, (node, { path }) => {
    const prints = isMemberOf(node, 'console') || isMemberOf(node, 'process', /^std(out|err)$/);
    if (isMemberOf(node, 'process', /^exit$/)) return 'ends the process';
    return prints && !path.startsWith('cli/') ? 'prints' : undefined;
  });
  expect(found).toEqual([]);
});

function isMemberOf(node: ts.Node, object: string, member = /./): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === object &&
    member.test(node.name.text)
  );
}

/**
 * The same words with another meaning: the program's name, a kind of value in a graph, a step of training, how a run
 * ended, the losses of rows.
 */
const homonyms: Readonly<Record<string, RegExp>> = {
  ple: /^(cli\/main|comparison\/execute\/queue\/messages|engine\/run\/onnx-format|tracking\/mlflow)\.ts$/,
  constant: /^engine\/(record|lower|run)\//,
  step: /^(cli|comparison|engine|training)\/|^(objective\/catalogue|optimizers\/optimizer)\.ts$/,
  uncertainty: /^(cli|comparison|config)\//, // of gains: a key of comparisons
  exponential: /^comparison\/execute\/queue\/jobs\.ts$/, // back-off
  random: /^config\/search\.ts$/, // a search
  table: /^comparison\/(next|run-comparison)\.ts$/, // of gains
  mae: /^(config\/parts|objective\/losses|metrics\/evaluate)\.ts$/,
  mse: /^config\/parts\.ts$/,
  plateau: /^training\/(ended|result)\.ts$/,
};

test('a name that configs choose by stands only in its own file', () => {
  const names = [models, loaders, weightSchedules, balancings, optimizers, learningRateSchedules, metrics].flatMap(
    (catalogue) => catalogue.names,
  );
  const own = ({ path, text }: File, name: string) =>
    basename(path).startsWith(toKebab(name)) ||
    text.includes(`  name: '${name}',\n`) ||
    homonyms[name]?.test(path) === true;
  const others = findings(program, (node, file) =>
    ts.isStringLiteralLike(node) && names.includes(node.text) && !own(file, node.text) ? `'${node.text}'` : undefined,
  );
  expect(names).toContain('ple');
  expect(others).toEqual([]);
});

function toKebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

test('no type is any, and none is silenced', () => {
  const silences = (node: ts.Node) =>
    node.kind === ts.SyntaxKind.AnyKeyword ||
    (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) ||
    ts.isNonNullExpression(node);
  expect(findings(files, (node) => (silences(node) ? ts.SyntaxKind[node.kind] : undefined))).toEqual([]);
  const comments = files.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)\b/.test(text));
  expect(comments.map(({ path }) => path)).toEqual([]);
});

test('names of files and folders are kebab-case and say what is in them', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.slow)?(\.(test|fixture))?(\.(ts|mjs|csv))?$/;
  expect(paths.filter((path) => !kebab.test(basename(path)))).toEqual([]);
  const empty = /^(utils?|helpers?|types?|common|misc)(\.|$)/;
  expect(paths.filter((path) => empty.test(basename(path)))).toEqual([]);
});

test('no comment begins with "Of": a sentence says it without its declaration', () => {
  const fragments = program.flatMap(({ path, tree }) =>
    tree.text.split('\n').flatMap((line, index) => (/(\/\*\*|\/\/) Of\b/.test(line) ? [`${path}:${index + 1}`] : [])),
  );
  expect(fragments).toEqual([]);
});

test('no function has more than 600 tokens, and at most 60 have more than 400', () => {
  const sizes = program.flatMap((file) =>
    file.nodes.filter(isFunctionWithBody).map((node) => {
      const { line } = file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree));
      return { where: `src/${file.path}:${line + 1}`, tokens: sizeOf(file, node).tokens };
    }),
  );
  expect(sizes.length).toBeGreaterThan(1000);
  expect(sizes.filter(({ tokens }) => tokens > 600)).toEqual([]);
  expect(sizes.filter(({ tokens }) => tokens > 400).length).toBeLessThanOrEqual(60);
});

function isFunctionWithBody(node: ts.Node): boolean {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** They say nothing of what is in them. */
const emptyNames = /^(own|found|place|part|told|given|known|of|at|made|asked)$/;

test('at most 120 variables, parameters and functions have a name that says nothing', () => {
  const named = findings(program, (node) =>
    (ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node)) &&
    node.name &&
    ts.isIdentifier(node.name) &&
    emptyNames.test(node.name.text)
      ? node.name.text
      : undefined,
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.length).toBeLessThanOrEqual(120);
});

/** What two files export under one name because it is the same: a command and what it runs, an operator and its simplified form. */
const namesakes = ['compare', 'predict', 'run', 'train', 'elementwise', 'reshape', 'transpose'];

test('two files export one name only for what is the same', () => {
  const exporting = new Map<string, string[]>();
  for (const { path, tree } of program)
    for (const name of tree.statements.flatMap(exportedNames))
      exporting.set(name, [...(exporting.get(name) ?? []), path]);
  const shared = [...exporting].filter(([name, paths]) => paths.length > 1 && !namesakes.includes(name));
  expect(exporting.size).toBeGreaterThan(500);
  expect(shared).toEqual([]);
});

function exportedNames(statement: ts.Statement): readonly string[] {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (!modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name ? [statement.name.text] : [];
  return ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) ? [statement.name.text] : [];
}

test('no room weighs more than the table allows, nor much less', () => {
  const rooms = new Map<string, Size>();
  for (const file of [...program.filter(({ path }) => path.endsWith('.ts')), ...scripts]) {
    const room = file.path.split('/', 1)[0] ?? '';
    const { tokens, bytes } = sizeOf(file);
    const sum = rooms.get(room) ?? { tokens: 0, bytes: 0, files: 0 };
    rooms.set(room, { tokens: sum.tokens + tokens, bytes: sum.bytes + bytes, files: sum.files + 1 });
  }
  const wrong = [...new Set([...rooms.keys(), ...Object.keys(sizes)])].flatMap((room) => {
    const { tokens, bytes, files } = rooms.get(room) ?? none;
    const allowed = sizes[room] ?? none;
    const above = tokens > allowed.tokens || bytes > allowed.bytes || files > allowed.files;
    // A table that is not lowered would let the next commit take back what this one won.
    const loose = allowed.tokens > 1.02 * tokens || allowed.bytes > 1.02 * bytes;
    const entry = `${room}: { tokens: ${tokens}, bytes: ${bytes}, files: ${files} }`;
    return above ? [`too large: ${entry}`] : loose ? [`lower the table: ${entry}`] : [];
  });
  expect(wrong).toEqual([]);
});
