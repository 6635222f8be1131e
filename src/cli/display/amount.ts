import { count } from '../../report/numbers.js';

export type Unit = 'bytes' | 'rows' | 'columns' | 'models' | 'steps';

/** An amount of work done: `12.3/456.7 MiB`, `1,000/250,000 rows`. @param total NaN if unknown. */
export function amount(done: number, total: number, unit: Unit): string {
  const shown = (value: number) => {
    if (Number.isNaN(value)) return '?';
    return unit === 'bytes' ? (value / 2 ** 20).toFixed(1) : count(value);
  };
  return `${shown(done)}/${shown(total)} ${unit === 'bytes' ? 'MiB' : unit}`;
}
