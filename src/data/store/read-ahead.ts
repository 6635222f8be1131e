import type { SourceBlock, SourceSplit } from '../dataset.js';

/** Blocks that can be asked for before they are needed: they are read while the block before is used. */
export function readAhead(
  blocks: number,
  read: (index: number) => Promise<SourceBlock>,
): Required<Pick<SourceSplit, 'read' | 'ahead'>> {
  let next: { readonly index: number; readonly block: Promise<SourceBlock> } | undefined;
  return {
    read(index) {
      const begun = next?.index === index ? next.block : undefined;
      next = undefined;
      return begun ?? read(index);
    },
    ahead(index) {
      if (next?.index === index || index >= blocks) return;
      const block = read(index);
      block.catch(() => undefined); // whoever asks for it is told
      next = { index, block };
    },
  };
}
