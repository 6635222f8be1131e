import { expect, test } from 'vitest';
import { inputsSchema } from '../../config/parts.js';
import { largeColumnNotes } from './notes.js';

test.each([[633, / user 633 \(of 1,000 hash buckets: of about 1,000 ids, 632 share one\)/]])(
  'collisions of a hashed column of %i indexes are estimated',
  (cardinality, text) => {
    const columns = {
      categorical: [{ name: 'user', cardinality, embedding: 4 }],
      lists: [],
      fitted: [
        {
          column: { name: 'user', kind: 'categorical', cells: { hash: 1000 } },
          by: { kind: 'vocabulary', indexes: new Int32Array(1000), cardinality },
        },
      ],
    } as const;
    const [note] = largeColumnNotes(columns, inputsSchema.parse({ large: 100 }), () => 3 * 2 ** 20);
    expect(note).toMatch(text);
    expect(note).toContain('They take 3 MiB');
    const [counted] = largeColumnNotes(columns, inputsSchema.parse({ large: 100, minCount: 2 }), () => 0);
    expect(counted).not.toContain('buckets');
  },
);
