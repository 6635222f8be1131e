import { count } from '../../report/numbers.js';

/** `41 s`, `12 min`, `5 h`, `3 d`: whole units. */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

export type Unit = 'bytes' | 'rows' | 'columns' | 'steps' | 'runs';

/** An amount of work done: `12.3/456.7 MiB`, `1,000/250,000 rows`. @param total NaN if unknown. */
export function amount(done: number, total: number, unit: Unit): string {
  const shown = (value: number) => {
    if (Number.isNaN(value)) return '?';
    return unit === 'bytes' ? (value / 2 ** 20).toFixed(1) : count(Math.floor(value));
  };
  return `${shown(done)}/${shown(total)} ${unit === 'bytes' ? 'MiB' : unit}`;
}
