import { basename } from 'node:path';
import { shown } from '../table/cell.js';
import { usualMissing } from '../table/table-options.js';
import { datasetText, flow, inputsText, kindRemarks, type Part } from './config-text.js';
import type { Dialect } from './guessed-dialect.js';
import { type Judgement, judgement } from './judgement.js';
import { splitGuess } from './split-guess.js';
import { withStagedFiles } from './staged-files.js';
import { restOfConfig } from './starting-config-rest.js';

/**
 * A config for a table file, as YAML with remarks, guessed from all of its rows: which columns are labels, ids, lists, or known only after the
 * label. It runs as it is; its reader has to check it.
 * @param path A file, or a pattern.
 */
export async function startingConfig(
  path: string,
  options: {
    /** Label columns, as `--task` has them; none: they are guessed. */
    readonly tasks?: readonly string[];
    /** The file of the test split. */
    readonly test?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Is told what is done: of the bytes that are read, then of the columns that are judged. */
    readonly progress?: (unit: 'bytes' | 'columns', done: number, total: number) => void;
  } = {},
): Promise<string> {
  const { tasks = [], test, signal, progress } = options;
  const onBytes = (done: number, total: number) => progress?.('bytes', done, total);
  return withStagedFiles(path, test, { signal, onBytes }, async (files) => {
    const judged = await judgement(files, tasks, (done, total) => {
      signal?.throwIfAborted();
      progress?.('columns', done, total);
    });
    const { dialect, staged } = files;
    const trained = staged.files.reduce((sum, { split, rows }) => sum + (split === 'train' ? rows : 0), 0);
    return configText(judged, { path, test, dialect, rows: staged.rows, trained });
  });
}

interface Files {
  readonly path: string;
  readonly test: string | undefined;
  readonly dialect: Dialect;
  readonly rows: number;
  /** Rows that are not those of the test file. */
  readonly trained: number;
}

function configText(
  { columns, tasks, inputs, marks }: Judgement,
  { path, test, dialect, rows, trained }: Files,
): string {
  const name = basename(path)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
  const inferred = inputs.flatMap(({ column, guess }) => (column && guess.kind === undefined ? [column] : []));
  const [sparse] = inputs
    .flatMap(({ column, kind }) => (kind === 'categorical' && column?.isSparse() ? [column.facts] : []))
    .toSorted((a, b) => b.different - a.different);
  const rest = restOfConfig(tasks.length, `${name}.yaml`, trained, sparse);
  const { split, remark } = splitGuess(tasks, columns, test !== undefined);
  const head = { loader: 'table', path, ...(test === undefined ? {} : { test }), ...dialect.keys };
  const stand = marks.length === 1 ? 'stands' : 'stand';
  const missing: Part = {
    name: 'missing',
    value: [...usualMissing, ...marks],
    remark: `with ${marks.map(shown).join(', ')}, which ${stand} among numbers or dates`,
  };
  return [
    `# A beginning, guessed from all ${rows} rows of ${[path, ...(test === undefined ? [] : [test])].map((file) => basename(file)).join(' and ')}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    ...rest.commands,
    ...kindRemarks(inputs.filter(({ guess }) => guess.kind === undefined)),
    ...inferred
      .filter((column) => column.hasOddTexts())
      .map((column) => `# ${column.name} has numbers but for ${column.oddTexts()}, which count as missing`),
    `name: ${name}`,
    'seed: 1',
    rest.compare,
    datasetText(
      [
        ...Object.entries(head).map(([key, value]) => ({ name: key, value, remark: '' })),
        ...(marks.length > 0 ? [missing] : []),
      ],
      tasks.map(({ name, options, remark }) => ({ name, value: options, remark })),
      inputs.flatMap(({ name, guess: { kind, why = '' } }) =>
        kind === undefined ? [] : [{ name, value: kind, remark: why }],
      ),
      { name: 'split', value: split, remark },
    ),
    inputsText(
      inputs.some(({ kind }) => kind !== 'ignored' && kind !== 'numeric'),
      inferred.filter(({ facts }) => facts.kind === 'numeric'),
    ),
    `tasks:\n${tasks.map(({ name, entry }) => `  - ${flow({ name, ...entry })}`).join('\n')}`,
    rest.run,
  ]
    .filter((part) => part !== '')
    .join('\n');
}
