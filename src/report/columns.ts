import type { GainCell, GainRow, GainTable, GainText } from './gain-table.js';
import { count, dash, rounded } from './numbers.js';
import type { PointTask } from './task-gains.js';

/** A column as data: its head, and what it says of a row. Each format of a table is made of columns and rows alone. */
export interface Column<Row, Cell = string> {
  readonly head: string;
  /** `label` names the row, `number` is aligned right. */
  readonly kind: 'label' | 'text' | 'number';
  /** The task in whose block it stands. */
  readonly task?: PointTask;
  readonly cell: (row: Row, index: number) => Cell;
}

export function column<Row, Cell = string>(
  head: string,
  kind: Column<Row>['kind'],
  cell: Column<Row, Cell>['cell'],
): Column<Row, Cell> {
  return { head, kind, cell };
}

/** How a format writes a table with a row per model. */
interface GainFormat<Cell> {
  readonly text: (text: string) => Cell;
  /** A model's own metric on a task. */
  readonly value?: (task: PointTask) => Column<GainCell, Cell>;
  readonly gains: (task: PointTask) => readonly Column<GainText, Cell>[];
  /** Of the baseline, which has no gain. Default: nothing. */
  readonly none?: (cell: GainCell) => Cell;
  readonly mean: Column<GainText, Cell>;
  /** Of each model, beside its gains. */
  readonly own: readonly Column<GainRow, Cell>[];
}

/** The columns of a table with a row per model: what names it, a block per task, the mean over tasks, and its own. */
export function gainColumns<Cell>(
  { kind, rows, tasks, hasMean, weighted }: GainTable,
  { text, value, gains, none = () => text(''), mean, own }: GainFormat<Cell>,
): readonly Column<GainRow, Cell>[] {
  const isFirst = ({ model }: GainRow, index: number) => kind !== 'front' || rows[index - 1]?.model !== model;
  const ofTask = (task: PointTask, index: number) => {
    const inCell = <Own>({ head, kind, cell }: Column<Own, Cell>, part: (cell: GainCell) => Own | null) =>
      column(head, kind, ({ cells }: GainRow, line) => {
        const at = cells[index];
        const said = at && part(at);
        return said ? cell(said, line) : at ? none(at) : text('');
      });
    return [
      ...(value && kind === 'models' ? [inCell(value(task), (cell) => cell)] : []),
      ...gains(task).map((each) => inCell(each, (cell) => cell.text)),
    ].map((each) => ({ ...each, task }));
  };
  return [
    column('model', 'label', (row, index) => text(isFirst(row, index) ? row.model.label : '')),
    ...(kind === 'contrasts' ? [column('over', 'label', ({ reference }: GainRow) => text(reference ?? ''))] : []),
    ...(kind === 'front'
      ? [column(`weight of ${weighted}`, 'number', ({ weight }: GainRow) => text(rounded(weight ?? 0)))]
      : []),
    column('verdict', 'text', ({ verdictText }) => text(verdictText)),
    ...tasks.flatMap(ofTask),
    ...(hasMean
      ? [column(mean.head, 'number', (row: GainRow, index) => (row.mean ? mean.cell(row.mean, index) : text('')))]
      : []),
    ...(kind === 'models' ? own : []),
  ];
}

/** A model's parameters, by kind. */
export function sizeColumns(embedding: string, network: string): readonly Column<GainRow>[] {
  return [
    column(embedding, 'number', ({ model }) => count(model.parameters?.embedding ?? null)),
    column(network, 'number', ({ model }) => count(model.parameters?.network ?? null)),
  ];
}

/** `0.9513 ± 0.0002` */
export function plusMinus(value: string, error: string): string {
  return error === '' || value === dash ? value : `${value} ± ${error}`;
}
