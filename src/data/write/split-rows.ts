import { asSingle, type Source, type SourceBlock, splitNames } from '../dataset.js';

/** Rows of one piece of the file. */
const pieceRows = 1024;

/** A column of the file: its name, of a block the texts of its rows, and what they are. */
type Column = readonly [name: string, of: (block: SourceBlock) => (row: number) => string, type: TextType];
/** `class`: empty where there is none. */
type TextType = 'category' | 'class' | 'number';

/**
 * A source's rows as a CSV for other programs: those of training, of validation, and those of the test split in the
 * order of predictions. The columns are `split`, `row` (for files: the row's number in them, one file after the other,
 * from 0) and `weight` (if rows have weights). Each task has `<type>.<task>`, the label, empty outside the task's
 * sample space. Each input but lists has `category.<name>` or `number.<name>`. A missing number is empty. Numbers read
 * back as the same 32 bits.
 * @param tasks Indexes of the source's tasks.
 * @param onRows Called with the number of rows that are done. Throws to stop.
 */
export async function* splitRows(
  source: Source,
  tasks: readonly number[],
  onRows: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const columns = await writtenColumns(source, tasks);
  const names = columns.map(([name]) => name);
  yield Buffer.from(textLine(['split', ...(source.splits.train.numbers ? ['row'] : []), ...names]));
  let done = 0;
  for (const name of splitNames) {
    const { rows, blockRows, read, numbers } = source.splits[name];
    for (let b = 0; b * blockRows < rows; b++) {
      const places = await numbers?.(b);
      const block = await read(b);
      const texts = columns.map(([, of]) => of(block));
      for (let first = 0; first < block.rows; first += pieceRows) {
        const count = Math.min(pieceRows, block.rows - first);
        const lines = Array.from({ length: count }, (_, i) => {
          const at = first + i;
          return textLine([name, ...(places ? [String(places[at])] : []), ...texts.map((text) => text(at))]);
        });
        yield Buffer.from(lines.join(''));
        done += count;
        onRows(done);
      }
    }
  }
}

/** The types of the columns of `splitRows`, by name, in their order. */
export async function splitRowTypes(
  source: Source,
  tasks: readonly number[],
): Promise<readonly (readonly [name: string, type: TextType | 'row'])[]> {
  const own = (await writtenColumns(source, tasks)).map(([name, , type]) => [name, type] as const);
  return [['split', 'category'], ...(source.splits.train.numbers ? [['row', 'row'] as const] : []), ...own];
}

async function writtenColumns(source: Source, tasks: readonly number[]): Promise<readonly Column[]> {
  const isWeighted = (await source.splits.train.read(0)).weights !== undefined;
  const weight: Column = ['weight', ({ weights }) => columnTexts(weights), 'number'];
  const labels = source.tasks.map(({ name, type, classes }, t): Column => {
    return [`${type}.${name}`, ({ labels }) => columnTexts(labels[t], classes), classes ? 'class' : 'number'];
  });
  const inputs = source.columns.flatMap(({ kind, name, dictionary }, c): readonly Column[] => {
    const of = ({ columns }: SourceBlock) => columnTexts(columns[c] && asSingle(columns[c]), dictionary);
    const type = kind === 'numeric' ? 'number' : 'category';
    return kind === 'list' ? [] : [[`${type}.${name}`, of, type]];
  });
  return [...(isWeighted ? [weight] : []), ...labels.filter((_, t) => tasks.includes(t)), ...inputs];
}

/** @param words What indexes stand for. Absent: the values are numbers. */
function columnTexts(values: Int32Array | Float32Array | undefined, words?: readonly string[]) {
  return (row: number): string => {
    const value = values?.[row] ?? Number.NaN;
    if (Number.isNaN(value)) return '';
    if (words) return words[value] ?? '';
    const short = Number(value.toPrecision(7));
    return String(Math.fround(short) === value ? short : value);
  };
}

function textLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\n`;
}
