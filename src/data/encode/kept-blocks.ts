import { type Block, batchWidths, type Dataset, type Split, splitNames } from '../dataset.js';
import { keptBytes } from '../loader.js';

/**
 * A data set whose encoded blocks stay in memory if they are small enough: epochs, and the runs of one process, encode
 * its rows once. Of a larger one nothing is kept.
 */
export function withKeptBlocks(dataset: Dataset): Dataset {
  const { categorical, numeric, tasks } = batchWidths(dataset);
  const rows = splitNames.reduce((sum, name) => sum + dataset.splits[name].rows, 0);
  const labelsAndMasks = 2 * tasks;
  if (4 * rows * (categorical + numeric + labelsAndMasks) > keptBytes) return dataset;
  const { train, validation, test } = dataset.splits;
  return {
    ...dataset,
    splits: { train: withKept(train), validation: withKept(validation), test: withKept(test) },
  };
}

function withKept(split: Split): Split {
  const blocks = new Map<number, Promise<Block>>();
  return {
    ...split,
    // What is kept needs no reading ahead.
    ahead: (index) => void (blocks.has(index) || split.ahead?.(index)),
    read(index) {
      const block = blocks.get(index) ?? split.read(index);
      block.catch(() => blocks.delete(index)); // its reader gets the error, and may try again
      blocks.set(index, block);
      return block;
    },
  };
}
