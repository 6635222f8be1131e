import { setImmediate } from 'node:timers/promises';
import { type Source, type SourceSplit, type Split, singleOf } from '../dataset.js';

/** Reads the groups of a split's rows; nothing of a source that names no group. */
export function rowGroups(source: Source, split: SourceSplit): Pick<Split, 'groups'> {
  const { group } = source;
  if (group === undefined) return {};
  const place = source.columns.findIndex(({ name, kind }) => name === group && kind === 'categorical');
  if (place < 0) throw new Error(`The source has no categorical column '${group}'.`);
  return {
    async groups() {
      const groups = new Int32Array(split.rows);
      for (let index = 0; index * split.blockRows < split.rows; index++) {
        const { columns } = await split.read(index);
        groups.set(singleOf(columns[place] ?? groups), index * split.blockRows);
        await setImmediate(); // lets signals and timers in
      }
      return groups;
    },
  };
}
