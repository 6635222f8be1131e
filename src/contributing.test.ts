import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
/** Code that begins with the path of its file. */
const examples = new Map(
  Array.from(text.matchAll(/^```ts\n\/\/ (src\/\S+\.ts)\n(.*?)^```/gms), ([, path = '', code = '']) => [
    join(root, path),
    code,
  ]),
);

test('the example of CONTRIBUTING.md compiles: a model and its test', () => {
  expect(examples.size).toBe(2);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => examples.has(path) || fileExists(path);
  host.readFile = (path) => examples.get(path) ?? readFile(path);
  host.getSourceFile = (path, target) => {
    const code = examples.get(path);
    return code === undefined ? getSourceFile(path, target) : ts.createSourceFile(path, code, target);
  };
  const program = ts.createProgram([...examples.keys()], { ...options, noEmit: true }, host);
  const faults = [...examples.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
}, 120_000);
